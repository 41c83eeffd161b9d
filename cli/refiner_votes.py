"""Out-of-fold votes: what U-Nets that never saw a patient say about that patient's images."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from shoulderseg.cli.options import NetworkSize

_LOGGER = logging.getLogger(__name__)


def voting_folds(name: str, size: NetworkSize, folds: Sequence[str]) -> list[str]:
    """Those of some folds that all three U-Nets have finished.

    Args:
        name: full dataset name.
        size: which plans.
        folds: numbered folds.
    """
    from shoulderseg.nnunet_ext.checkpoints import finished_folds
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder

    results = data_folder(RESULTS) / name
    finished = [finished_folds(model_folder(results, v, size.plans_name)) for v in TRAINERS]
    return [fold for fold in folds if all(fold in some for some in finished)]


def out_of_fold_votes(
    name: str,
    size: NetworkSize,
    cases: Mapping[str, Sequence[str]],
    cache: Path,
    device: str,
) -> dict[str, Path]:
    """Lets each fold's U-Nets vote on the patients that were held out from them.

    Without mirroring, so that a machine without a GPU gets through; votes that are there already
    and come from the same weights and images are kept.

    Args:
        name: full dataset name.
        size: which plans.
        cases: for each fold its held-out cases.
        cache: folder for one file a case.
        device: where the U-Nets run.

    Returns:
        For each case the file that `read_votes` reads.
    """
    found: dict[str, Path] = {}
    cache.mkdir(parents=True, exist_ok=True)
    for fold, held_out in cases.items():
        weights = weights_digest(name, size, fold)
        keys = {case: f"{weights} {_image_digest(name, case)}" for case in held_out}
        paths = {case: cache / f"{case}.npz" for case in held_out}
        missing = [case for case in held_out if not _is_current(paths[case], keys[case])]
        if missing:
            _vote(name, size, fold, {case: (paths[case], keys[case]) for case in missing}, device)
        found |= paths
    return found


def read_votes(path: Path) -> npt.NDArray[np.float32]:
    """Probabilities of humerus, glenoid and whole, float32 (3, Z, Y, X)."""
    with np.load(path, allow_pickle=False) as stored:
        votes: npt.NDArray[np.float32] = stored["votes"].astype(np.float32)
    return votes


def _vote(
    name: str,
    size: NetworkSize,
    fold: str,
    targets: Mapping[str, tuple[Path, str]],
    device: str,
) -> None:
    import torch

    from shoulderseg.datasets.reader import read_image
    from shoulderseg.nnunet_ext.checkpoints import load_unets
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.inference import build_predictors, predict_probabilities
    from shoulderseg.nnunet_ext.variants import TRAINERS

    unets = load_unets(data_folder(RESULTS) / name, size.plans_name, [fold])
    predictors = build_predictors(unets, torch.device(device), mirroring=False)
    for case, (path, key) in targets.items():
        image = read_image(_image_path(name, case))
        said = predict_probabilities(predictors, image.array, image.spacing_mm)
        votes = np.stack([said[variant] for variant in TRAINERS])
        part = path.with_suffix(".part")
        with part.open("wb") as stream:
            np.savez_compressed(stream, votes=votes.astype(np.float16), key=np.array(key))
        part.replace(path)
        _LOGGER.info("fold %s voted on %s", fold, case)


def weights_digest(name: str, size: NetworkSize, fold: str) -> str:
    """Fingerprint of the three U-Nets of one fold."""
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.variants import CHECKPOINT, TRAINERS, model_folder

    digest = hashlib.sha256()
    for variant in TRAINERS:
        folder = model_folder(data_folder(RESULTS) / name, variant, size.plans_name)
        with (folder / f"fold_{fold}" / CHECKPOINT).open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _image_path(name: str, case: str) -> Path:
    from shoulderseg.nnunet_ext.folders import RAW, data_folder

    return data_folder(RAW) / name / "imagesTr" / f"{case}_0000.nii.gz"


def _image_digest(name: str, case: str) -> str:
    with _image_path(name, case).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_current(path: Path, key: str) -> bool:
    if not path.is_file():
        return False
    try:
        # numpy leaves a file open that it opened itself and cannot read.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            kept: Any = stored["key"]
            return bool(str(kept) == key)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return False
