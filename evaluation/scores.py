"""Scores of one structure in one case, and their mean over cases.

Rules for empty masks:

* Both empty: every metric is NaN and is left out of the means, because there was nothing to find.
* Exactly one empty: Dice, IoU, PPV, sensitivity and surface Dice are 0; HD95 and ASSD are the
  diagonal of the image in mm. PPV of an empty prediction and sensitivity to an empty reference
  are 0/0 by definition; they count as 0 here, so that a missed bone lowers every mean and all
  means run over the same cases.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.evaluation import overlap, surface

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy.typing as npt

METRICS = ("dice", "iou", "ppv", "sensitivity", "hd95_mm", "assd_mm", "nsd")


@dataclass(frozen=True)
class StructureScore:
    """Scores of one structure in one case.

    Attributes:
        case: Name of the case.
        structure: Name of the structure.
        dice: Dice coefficient, 0 to 1.
        iou: Intersection over union, 0 to 1.
        ppv: Share of the prediction that is right, 0 to 1.
        sensitivity: Share of the reference that was found, 0 to 1.
        hd95_mm: 95 % Hausdorff distance.
        assd_mm: Average symmetric surface distance.
        nsd: Normalised surface Dice, 0 to 1.
        tolerance_mm: Tolerance that `nsd` was taken at.
        reference_voxels: Voxels of the reference.
        predicted_voxels: Voxels of the prediction.
        reference_ml: Volume of the reference.
        predicted_ml: Volume of the prediction.
    """

    case: str
    structure: str
    dice: float
    iou: float
    ppv: float
    sensitivity: float
    hd95_mm: float
    assd_mm: float
    nsd: float
    tolerance_mm: float
    reference_voxels: int
    predicted_voxels: int
    reference_ml: float
    predicted_ml: float

    def as_record(self) -> dict[str, float | int | str]:
        """Gives the fields by name, for a table row. Metrics without a value are NaN."""
        return asdict(self)


class MetricSummary(NamedTuple):
    """One metric over many cases.

    Attributes:
        mean: Mean; NaN if no case counted.
        sd: Standard deviation of the sample (ddof=1); NaN if fewer than two cases counted.
        n: Cases that counted.
        left_out: Cases left out because the metric was NaN.
    """

    mean: float
    sd: float
    n: int
    left_out: int


def score_case(
    predicted: npt.NDArray[np.integer],
    reference: npt.NDArray[np.integer],
    labels: Mapping[str, int],
    spacing_mm: Sequence[float],
    tolerance_mm: float,
    case: str,
) -> list[StructureScore]:
    """Scores every structure of one case. Empty masks follow the rules of this module.

    Args:
        predicted: Predicted label map, shape (Z, Y, X).
        reference: Reference label map, same shape.
        labels: Structure names and their values. Value 0, the background, is left out.
        spacing_mm: Voxel spacing (Z, Y, X).
        tolerance_mm: Tolerance of the normalised surface Dice.
        case: Name of the case.

    Returns:
        One score per structure, in the order of `labels`.

    Raises:
        ValueError: If the shapes differ or are not 3D, or the spacing or the tolerance is not
            usable.

    Example:
        >>> reference = np.zeros((3, 8, 8), np.uint8)
        >>> reference[:, 2:6, 2:6] = 1
        >>> predicted = np.roll(reference, 1, axis=2)  # one pixel to the side
        >>> labels, spacing_mm = {"humerus": 1}, (3.0, 0.5, 0.5)
        >>> (score,) = score_case(predicted, reference, labels, spacing_mm, 1.0, "case")
        >>> score.dice, score.hd95_mm, score.reference_voxels
        (0.75, 0.5, 48)
    """
    at = score_case_at_tolerances(predicted, reference, labels, spacing_mm, (tolerance_mm,), case)
    return at[tolerance_mm]


def score_case_at_tolerances(
    predicted: npt.NDArray[np.integer],
    reference: npt.NDArray[np.integer],
    labels: Mapping[str, int],
    spacing_mm: Sequence[float],
    tolerances_mm: Sequence[float],
    case: str,
) -> dict[float, list[StructureScore]]:
    """Scores one case at several tolerances, measuring the surface distances once.

    The arguments are those of `score_case`, but for `tolerances_mm`: any number of tolerances of
    the normalised surface Dice, in mm. Empty masks follow the rules of this module.

    Returns:
        Tolerance to what `score_case` gives at it; empty without a tolerance.

    Raises:
        ValueError: As for `score_case`, of any of the tolerances.
    """
    if predicted.shape != reference.shape or predicted.ndim != 3:
        msg = (
            f"{case}: prediction and reference have shapes {predicted.shape} and "
            f"{reference.shape}, expected one shape (Z, Y, X)."
        )
        raise ValueError(msg)
    surface.check_spacing(spacing_mm)
    for limit in tolerances_mm:
        surface.check_tolerance(limit)
    ruler = _Ruler(tuple(spacing_mm), tuple(tolerances_mm))
    structures = [
        _score_structure(predicted == value, reference == value, ruler, (case, name))
        for name, value in labels.items()
        if value != 0
    ]
    return {limit: [scores[k] for scores in structures] for k, limit in enumerate(tolerances_mm)}


def summarise(scores: Iterable[StructureScore]) -> dict[str, dict[str, MetricSummary]]:
    """Gives mean and standard deviation of every metric per structure.

    Args:
        scores: Scores of any number of cases.

    Returns:
        Structure name to metric name to summary; empty without scores. NaN values are left out
        and counted.

    Example:
        >>> masks = np.ones((1, 4, 4), np.uint8), np.zeros((1, 4, 4), np.uint8)
        >>> scores = []
        >>> for case, predicted in zip(["found", "missed"], masks):
        ...     scores += score_case(predicted, masks[0], {"humerus": 1}, (1, 1, 1), 1.0, case)
        >>> summarise(scores)["humerus"]["dice"].mean
        0.5
    """
    by_structure: dict[str, list[StructureScore]] = {}
    for score in scores:
        by_structure.setdefault(score.structure, []).append(score)
    return {
        structure: {
            metric: _summary(np.array([getattr(score, metric) for score in group]))
            for metric in METRICS
        }
        for structure, group in by_structure.items()
    }


class _Ruler(NamedTuple):
    spacing_mm: tuple[float, ...]
    tolerances_mm: tuple[float, ...]


def _score_structure(
    predicted: npt.NDArray[np.bool_],
    reference: npt.NDArray[np.bool_],
    ruler: _Ruler,
    names: tuple[str, str],
) -> list[StructureScore]:
    counts = overlap.count_voxels(predicted, reference)
    in_predicted = counts.both + counts.predicted_only
    in_reference = counts.both + counts.reference_only
    both_filled = in_predicted > 0 and in_reference > 0
    share_if_empty = 0.0 if in_predicted or in_reference else math.nan
    if both_filled:
        distances = surface.surface_distances(predicted, reference, ruler.spacing_mm)
        hd95_mm, assd_mm = surface.hd95_mm(distances), surface.assd_mm(distances)
        nsds = [surface.surface_dice(distances, limit) for limit in ruler.tolerances_mm]
    else:
        diagonal_mm = math.hypot(*np.multiply(predicted.shape, ruler.spacing_mm))
        hd95_mm = assd_mm = math.nan if math.isnan(share_if_empty) else diagonal_mm
        nsds = [share_if_empty] * len(ruler.tolerances_mm)
    voxel_ml = math.prod(ruler.spacing_mm) / 1000
    return [
        StructureScore(
            case=names[0],
            structure=names[1],
            dice=overlap.dice(counts),
            iou=overlap.iou(counts),
            ppv=overlap.ppv(counts) if both_filled else share_if_empty,
            sensitivity=overlap.sensitivity(counts) if both_filled else share_if_empty,
            hd95_mm=hd95_mm,
            assd_mm=assd_mm,
            nsd=nsd,
            tolerance_mm=tolerance_mm,
            reference_voxels=in_reference,
            predicted_voxels=in_predicted,
            reference_ml=in_reference * voxel_ml,
            predicted_ml=in_predicted * voxel_ml,
        )
        for tolerance_mm, nsd in zip(ruler.tolerances_mm, nsds, strict=True)
    ]


def _summary(values: npt.NDArray[np.float64]) -> MetricSummary:
    counted = values[~np.isnan(values)]
    return MetricSummary(
        mean=float(counted.mean()) if counted.size else math.nan,
        sd=float(counted.std(ddof=1)) if counted.size > 1 else math.nan,
        n=int(counted.size),
        left_out=int(values.size - counted.size),
    )
