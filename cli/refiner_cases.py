"""Training cases of the refiner, from a raw nnU-Net dataset and the U-Nets' validation."""

from __future__ import annotations

import hashlib
import json
import logging
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.cli.slices import slices_first, spacing_first

if TYPE_CHECKING:
    from shoulderseg.cli.options import NetworkSize
    from shoulderseg.refine.training import TrainingCase

_LOGGER = logging.getLogger(__name__)


class RefinerCases(NamedTuple):
    """What the refiner learns from, and what it is judged on.

    Attributes:
        training: cases of the patients outside the held-out fold.
        held_out: cases of the patients in it.
        pixel_mm: in-plane pixel size of the U-Nets' plans.
        classes: background and the bones.
    """

    training: list[TrainingCase]
    held_out: list[TrainingCase]
    pixel_mm: float
    classes: int


def load_training_cases(name: str, size: NetworkSize, fold: int) -> RefinerCases:
    """Reads the training cases of a raw dataset.

    Args:
        name: full dataset name.
        size: which plans, for the slice axis, the pixel size and the validation predictions.
        fold: which patients to hold out.

    Raises:
        FileNotFoundError: if plans, folds or images are missing.
        ValueError: if a case cannot be read or the fold does not exist.
    """
    from shoulderseg.nnunet_ext.folders import (
        PREPROCESSED,
        RAW,
        SPLITS_FILE,
        adopt_splits,
        data_folder,
    )
    from shoulderseg.nnunet_ext.plans import CONFIGURATION
    from shoulderseg.nnunet_ext.regions import foreground_labels

    raw, preprocessed = data_folder(RAW) / name, data_folder(PREPROCESSED) / name
    adopt_splits(name)
    if not (preprocessed / SPLITS_FILE).is_file():
        msg = (
            f"{preprocessed / SPLITS_FILE} is missing; it says which patients to hold out. Write "
            "one as nnU-Net describes, or let nnU-Net write it by training any numbered fold"
        )
        raise FileNotFoundError(msg)
    splits = json.loads((preprocessed / SPLITS_FILE).read_text())
    if fold >= len(splits):
        msg = f"fold {fold} does not exist; {SPLITS_FILE} has {len(splits)} folds"
        raise ValueError(msg)
    plans = json.loads((preprocessed / f"{size.plans_name}.json").read_text())
    values = list(foreground_labels(json.loads((raw / "dataset.json").read_text())).values())
    axis = int(plans["transpose_forward"][0])
    predictions = _validation_predictions(name, size, values)
    _LOGGER.info("validation predictions of the U-Nets found for %d cases", len(predictions))

    def load(case: str) -> TrainingCase:
        return _load_case(raw, case, values, axis, predictions.get(case, []))

    return RefinerCases(
        training=[load(case) for case in splits[fold]["train"]],
        held_out=[load(case) for case in splits[fold]["val"]],
        pixel_mm=math.sqrt(math.prod(plans["configurations"][CONFIGURATION]["spacing"])),
        classes=len(values) + 1,
    )


def cases_digest(cases: RefinerCases) -> str:
    """Fingerprint of everything the refiner learns from, to tell whether it changed."""
    digest = hashlib.sha256()
    for case in (*cases.training, *cases.held_out):
        arrays = (case.image, case.label_map, case.hard)
        for array in arrays:
            digest.update(b"-" if array is None else array.tobytes())
    return digest.hexdigest()


def _validation_predictions(
    name: str, size: NetworkSize, values: list[int]
) -> dict[str, list[tuple[Path, list[int]]]]:
    """For each case the U-Nets' validation masks, and the labels each U-Net was after."""
    from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
    from shoulderseg.nnunet_ext.unets import PARTS
    from shoulderseg.nnunet_ext.variants import model_folder

    found: dict[str, list[tuple[Path, list[int]]]] = {}
    for variant, parts in PARTS.items():
        folder = model_folder(data_folder(RESULTS) / name, variant, size.plans_name)
        for path in sorted(folder.glob("fold_*/validation/*.nii.gz")):
            case = path.name.removesuffix(".nii.gz")
            found.setdefault(case, []).append((path, [values[part] for part in parts]))
    return found


def _load_case(
    raw: Path,
    case: str,
    values: list[int],
    axis: int,
    predictions: list[tuple[Path, list[int]]],
) -> TrainingCase:
    from shoulderseg.datasets.reader import read_image, read_label_map
    from shoulderseg.refine.classify import normalise_volume
    from shoulderseg.refine.training import TrainingCase

    image = read_image(raw / "imagesTr" / f"{case}_0000.nii.gz")
    reference = read_label_map(raw / "labelsTr" / f"{case}.nii.gz").array
    hard: npt.NDArray[np.bool_] | None = None
    for path, own in predictions:
        wrong = (read_label_map(path).array > 0) != np.isin(reference, own)
        hard = wrong if hard is None else hard | wrong
    # Class k + 1 of the refiner is the dataset's k-th foreground label.
    classes: npt.NDArray[Any] = np.zeros_like(reference, dtype=np.uint8)
    for position, value in enumerate(values, start=1):
        classes[reference == value] = position
    return TrainingCase(
        image=slices_first(normalise_volume(image.array), axis),
        label_map=slices_first(classes, axis),
        spacing_mm=spacing_first(image.spacing_mm, axis),
        hard=None if hard is None else slices_first(hard, axis),
    )
