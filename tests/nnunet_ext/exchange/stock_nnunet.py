"""Installs models from a zip file and predicts with them by nnU-Net alone, without this project.

Run as `python -I -S stock_nnunet.py SITE_PACKAGES MODELS.zip IMAGES OUT`: so Python looks into no
folder but its own, and the packages' folder that is given leads nowhere else.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

site_packages, archive, images, out = sys.argv[1:]
sys.path.append(site_packages)
if importlib.util.find_spec("shoulderseg") is not None:
    sys.exit("shoulderseg can be imported here")

import torch  # noqa: E402
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor  # noqa: E402
from nnunetv2.model_sharing.entry_points import install_from_zip_entry_point  # noqa: E402

sys.argv = ["nnUNetv2_install_pretrained_model_from_zip", archive]
install_from_zip_entry_point()
results = Path(os.environ["nnUNet_results"])  # noqa: SIM112
for dataset in sorted(results.iterdir()):
    (model,) = dataset.iterdir()
    predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(model), use_folds=(0, 1))
    cases = sorted(Path(images).iterdir())
    targets = [Path(out) / dataset.name / case.name.removesuffix("_0000.nii.gz") for case in cases]
    (Path(out) / dataset.name).mkdir(parents=True)
    predictor.predict_from_files_sequential(
        [[str(case)] for case in cases], list(map(str, targets))
    )
foreign = [name for name in sys.modules if name.partition(".")[0] == "shoulderseg"]
if foreign:
    sys.exit(f"imported: {foreign}")
