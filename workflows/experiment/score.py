"""Scores of all rows of the test cases, each kept in a file of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.experiment.case_checks import read_pair
from shoulderseg.workflows.experiment.data import ExperimentData
from shoulderseg.workflows.experiment.rows import (
    Masks,
    Models,
    bone_numbers,
    case_rows,
    usual_row,
)
from shoulderseg.workflows.report.safe_json import plain_values

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume

WHOLE = "both as one"
# Scores of each row, structure and metric; of each row, slice and structure the Dice.
Scores = dict[str, Any]


class ReferenceCase(NamedTuple):
    """A test case as it is scored.

    Attributes:
        name: of the case.
        image: the image.
        reference: bones by number, uint8 (Z, Y, X).
    """

    name: str
    image: Volume
    reference: npt.NDArray[np.uint8]


def score_case_rows(
    name: str,
    data: ExperimentData,
    models: Models,
    stock: Mapping[str, Path],
    tolerance_mm: float,
) -> Scores:
    """Segments a test case in each way and scores all; kept ones are read.

    Args:
        name: of the case.
        data: of the experiment; label maps go to `predictions/ROW` in its folder.
        models: of the experiment.
        stock: of each row of stock nnU-Net the folder of its label maps.
        tolerance_mm: of the normalised surface Dice.

    Returns:
        `rows`: for each row and structure the metrics; `absent`: structures that the reference
        lacks; `slices`: for each row and bone the Dice of each slice with any bone; `usual`: the
        row that `predict` takes; `axis`: along which slices lie.

    Raises:
        ValueError: if an image cannot be read.
    """
    from shoulderseg.datasets.nnunet_raw import write_json

    path = data.out / "cases" / f"{name}.json"
    key = _key(name, data, models, stock, tolerance_mm)
    kept = _kept(path, key)
    if kept is not None and all(_label_map(data, row, name).is_file() for row in kept["rows"]):
        return kept
    case = read_test_case(name, data)
    rows, axis = case_rows(case.image, models)
    for row, folder in stock.items():
        rows[row] = read_masks(folder / f"{name}{data.ending}", data.labels)
    for row, masks in rows.items():
        _write_label_map(_label_map(data, row, name), masks, case, data.labels)
    bones = list(data.labels)
    scores: Scores = {
        "key": key,
        "patient": data.assignment.test[name],
        "axis": axis,
        "absent": _absent(case, bones),
        "usual": usual_row(models),
        "rows": {row: _metrics(masks, case, bones, tolerance_mm) for row, masks in rows.items()},
        "slices": {row: _slice_dice(masks, case, bones, axis) for row, masks in rows.items()},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, scores)
    return scores


def _label_map(data: ExperimentData, row: str, name: str) -> Path:
    return data.out / "predictions" / row / f"{name}.nii.gz"


def read_test_case(name: str, data: ExperimentData) -> ReferenceCase:
    """Reads a test image and its reference.

    Raises:
        ValueError: if they cannot be used; see `read_pair`.
    """
    image, reference = read_pair(data.image(name), data.label_map(name), data.labels)
    return ReferenceCase(name, image, bone_numbers(data.labels)[reference.array])


def read_masks(path: Path, labels: Mapping[str, int]) -> Masks:
    """Reads a label map that was predicted."""
    from shoulderseg.datasets.reader import read_label_map

    label_map = bone_numbers(labels)[read_label_map(path).array]
    return Masks(label_map, label_map > 0)


def _key(
    name: str,
    data: ExperimentData,
    models: Models,
    stock: Mapping[str, Path],
    tolerance_mm: float,
) -> str:
    """What the scores depend on."""
    # Scores of another version, or on another device, are made anew.
    made_by = version("shoulderseg"), models.settings.device, models.bundle.digest
    # The last says what scores of this version began to be: in the image's own orientation, with
    # what the reference lacks.
    form = "as the image lies, absent"
    what = made_by, tolerance_mm, sorted(stock), sorted(data.labels.items()), form
    digest = hashlib.sha256(repr(what).encode())
    files = [data.image(name), data.label_map(name)]
    files += [stock[row] / f"{name}{data.ending}" for row in sorted(stock)]
    for path in files:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _kept(path: Path, key: str) -> Scores | None:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return kept if isinstance(kept, dict) and kept.get("key") == key else None


def _write_label_map(
    path: Path, masks: Masks, case: ReferenceCase, labels: Mapping[str, int]
) -> None:
    from shoulderseg.datasets.writer import write_label_map

    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.array([0, *labels.values()], np.uint8)
    write_label_map(path, values[masks.label_map], case.image)


def _absent(case: ReferenceCase, bones: Sequence[str]) -> list[str]:
    """Structures that the reference does not have."""
    absent = [
        bone for number, bone in enumerate(bones, start=1) if not (case.reference == number).any()
    ]
    return absent if case.reference.any() else [*absent, WHOLE]


def _metrics(
    masks: Masks, case: ReferenceCase, bones: Sequence[str], tolerance_mm: float
) -> dict[str, dict[str, float | None]]:
    from shoulderseg.evaluation.scores import METRICS, score_case

    numbered = {bone: number for number, bone in enumerate(bones, start=1)}
    spacing_mm = case.image.spacing_mm
    scores = score_case(
        masks.label_map, case.reference, numbered, spacing_mm, tolerance_mm, case.name
    )
    whole, reference = (mask.astype(np.uint8) for mask in (masks.whole, case.reference > 0))
    scores += score_case(whole, reference, {WHOLE: 1}, spacing_mm, tolerance_mm, case.name)
    return {
        score.structure: {metric: plain_values(getattr(score, metric)) for metric in METRICS}
        for score in scores
    }


def _slice_dice(
    masks: Masks, case: ReferenceCase, bones: Sequence[str], axis: int
) -> dict[str, dict[str, float]]:
    """Dice of each bone in each slice that holds it, or is said to."""
    from shoulderseg.evaluation.overlap import count_voxels, dice

    predicted, reference = (
        np.moveaxis(array, axis, 0) for array in (masks.label_map, case.reference)
    )
    found: dict[str, dict[str, float]] = {}
    for number, bone in enumerate(bones, start=1):
        ours, theirs = predicted == number, reference == number
        filled = np.flatnonzero((ours | theirs).any(axis=(1, 2)))
        found[bone] = {
            str(z): float(dice(count_voxels(ours[z], theirs[z]))) for z in filled.tolist()
        }
    return found
