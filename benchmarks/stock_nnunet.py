"""Installs models from a zip file and predicts with them by nnU-Net alone, without this project.

Is run by path, `python -I -S stock_nnunet.py SITE_PACKAGES MODELS.zip IMAGES OUT`: then Python
looks into no folder but its own and that of the packages, whose links to elsewhere it does not
follow. In an environment of its own SITE_PACKAGES is `-`, and `-S` is left out.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path


def main(site_packages: str, archive: str, images: str, out: str) -> None:
    """Writes a label map of each image for each model."""
    if site_packages != "-":
        sys.path.append(site_packages)
    if importlib.util.find_spec("shoulderseg") is not None:
        sys.exit("shoulderseg can be imported here")
    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.model_sharing.entry_points import install_from_zip_entry_point

    sys.argv = ["nnUNetv2_install_pretrained_model_from_zip", archive]
    install_from_zip_entry_point()
    results = Path(os.environ["nnUNet_results"])  # noqa: SIM112
    for dataset in sorted(results.iterdir()):
        (model,) = dataset.iterdir()
        folds = sorted(int(path.name.removeprefix("fold_")) for path in model.glob("fold_*"))
        predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
        predictor.initialize_from_trained_model_folder(str(model), use_folds=tuple(folds))
        (Path(out) / dataset.name).mkdir(parents=True)
        for case in sorted(Path(images).iterdir()):
            target = Path(out) / dataset.name / case.name.removesuffix("_0000.nii.gz")
            predictor.predict_from_files_sequential([[str(case)]], [str(target)])
    foreign = [name for name in sys.modules if name.partition(".")[0] == "shoulderseg"]
    if foreign:
        sys.exit(f"imported: {foreign}")


if __name__ == "__main__":
    main(*sys.argv[1:])
