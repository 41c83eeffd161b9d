"""Calibration: teaches a bundle how good its own segmentations are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from shoulderseg.workflows.bundles.quality_file import QUALITY_FILE
from shoulderseg.workflows.calibration.order import negatives_of, pairs_of, patients_of
from shoulderseg.workflows.errors import noted

if TYPE_CHECKING:
    from shoulderseg.datasets.pair_match import Pair
    from shoulderseg.evaluation.quality.calibration import Calibration, Example
    from shoulderseg.workflows.calibration.evidence import Judged
    from shoulderseg.workflows.calibration.model import Model
    from shoulderseg.workflows.calibration.order import CalibrationOrder

_Item = TypeVar("_Item")
# As `predict` works by default, with the edges where the bundle's refiner helps.
_USUAL = {"vote": "majority", "voters": "unets", "folds": "all", "refine": "default"}
# How many images that could not be used an error names.
_MOST_NAMED = 3

# Is told what is at work, how many of them are done, and how many there are.
OnImage = Callable[[str, int, int], None]
# Is told the figures before they are written, as what comes after hours may fail.
OnEvidence = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class CalibrationReport:
    """What came out of a calibration.

    Attributes:
        path: the file in the bundle.
        evidence: figures of patients left out from the fit; see `describe_evidence`.
        left_out: why an image could not be used, one sentence each.
    """

    path: Path
    evidence: Mapping[str, Any]
    left_out: tuple[str, ...]


def calibrate_bundle(
    model: Model,
    order: CalibrationOrder,
    on_image: OnImage,
    on_evidence: OnEvidence = lambda evidence: None,
) -> CalibrationReport:
    """Fits predicted Dice and what is usual, and writes both and what int8 needs into the bundle.

    Each image and its degraded copies are segmented and compared with the label map.

    Args:
        model: the bundle.
        order: what to calibrate it with.
        on_image: is called before the first image and after each.
        on_evidence: is called with the figures of the report before anything is written.

    Raises:
        ValueError: if files have no partner, or there are too few images that can be used; names
            those that cannot.
        OSError: if the bundle cannot be written.
    """
    from shoulderseg.workflows.bundles.manifest import put_file
    from shoulderseg.workflows.bundles.quality_file import write_quality
    from shoulderseg.workflows.calibration.evidence import evidence
    from shoulderseg.workflows.calibration.int8 import keep_int8

    names = list(model.labels)
    failed: list[str] = []
    pairs, others = pairs_of(order), negatives_of(order.negatives)
    patients = patients_of(order, pairs)
    examples: list[Example] = []
    for number, pair in enumerate(_counted(pairs, "images", on_image)):
        with noted(pair.image, failed):
            examples += list(_examples(pair, model, order.copies, (order.seed, number)))
    calibration, judged = _fit(examples, order, names, patients, failed)
    flagged = []
    for path in _counted(others, "negatives", on_image):
        with noted(path, failed):
            flagged.append(_is_flagged(path, model, calibration))
    found = evidence(judged, order.flag_below, names, flagged, patients)
    on_evidence(found)
    keep_int8(model.folder, model.int8.ranges)
    put_file(
        model.folder,
        QUALITY_FILE,
        lambda path: write_quality(path, calibration, names, _settings_of(model), found),
    )
    return CalibrationReport(model.folder / QUALITY_FILE, found, tuple(failed))


def _settings_of(model: Model) -> dict[str, Any]:
    return {
        "mirroring": model.mirroring,
        "cropped": model.cropped,
        "three_planes": model.three_planes,
        "slice_context": model.slice_context,
        "precision": model.precision,
        **_USUAL,
    }


def _fit(
    examples: Sequence[Example],
    order: CalibrationOrder,
    names: Sequence[str],
    patients: Mapping[str, str] | None,
    failed: Sequence[str],
) -> tuple[Calibration, list[Judged]]:
    """Fits the calibration, and judges each case by one without it.

    Raises:
        ValueError: if there is too little to fit; says why images could not be used.
    """
    from shoulderseg.evaluation.quality.calibration import fit_calibration
    from shoulderseg.workflows.calibration.evidence import cross_validate

    try:
        calibration = fit_calibration(examples, order.flag_below)
        return calibration, cross_validate(examples, order.flag_below, names, patients)
    except ValueError as error:
        if not failed:
            raise
        more = len(failed) - _MOST_NAMED
        named = [*failed[:_MOST_NAMED], *([f"and {more} more"] if more > 0 else [])]
        msg = f"{error}. {len(failed)} could not be used: {'; '.join(named)}"
        raise ValueError(msg) from error


def _counted(items: Sequence[_Item], what: str, on_image: OnImage) -> Iterator[_Item]:
    """Gives items one after the other, and tells how many are done."""
    for done, item in enumerate(items):
        on_image(what, done, len(items))
        yield item
    on_image(what, len(items), len(items))


def _is_flagged(path: Path, model: Model, calibration: Calibration) -> bool:
    from shoulderseg.datasets.reader import read_image
    from shoulderseg.workflows.segmentation.case_quality import reasons

    quality = model.segment(read_image(path)).quality
    return bool(reasons(quality, calibration, list(model.labels)))


def _examples(pair: Pair, model: Model, copies: int, seed: tuple[int, int]) -> Iterator[Example]:
    """The image of a pair and its worse copies, segmented and scored."""
    import numpy as np

    from shoulderseg.datasets.reader import read_image
    from shoulderseg.evaluation.overlap import count_voxels, dice
    from shoulderseg.evaluation.quality.calibration import Example
    from shoulderseg.evaluation.quality.degradation import degraded_copies
    from shoulderseg.workflows.calibration.references import read_reference

    image = read_image(pair.image)
    reference = read_reference(pair.label, image, model.labels)
    rng = np.random.default_rng(seed)
    worse = [array for _, array in degraded_copies(image.array, copies, rng)]
    for number, array in enumerate([image.array, *worse]):
        result = model.segment(replace(image, array=array))
        first, second = (
            dice(count_voxels(result.label_map == value, reference.array == value))
            for value in model.labels.values()
        )
        yield Example(pair.case, result.quality, (first, second), degraded=number > 0)
