"""Whether the slices of one group make a regular stack, and its geometry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.dicom.header_checks import perpendicular_axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shoulderseg.datasets.dicom.header import SliceHeader

# Slices nearer than this lie at the same place.
SAME_PLACE_MM = 1e-3
# Of a step: how far steps may differ before a slice must be missing or misplaced.
UNEVEN = 0.05
# Of a ratio of slice distances, for it to be that of whole numbers.
_SAME_RATIO = 0.02
# Slices at one place along the normal that lie farther apart than this lie side by side.
_BESIDE_MM = 0.1
# How far the axes of slices may differ from their mean: rounding, not another plane.
JITTER = 1e-3
# How far slices may lie beside the line through the first along the normal, by angle.
SKEW_DEG = 0.5
_DEFAULT_STEP_MM = 1.0


class StackError(ValueError):
    """The slices make no volume; says why."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Slices in order along their normal, and where their voxels lie.

    Attributes:
        slices: One or more, the first at the origin.
        spacing_mm: (Z, Y, X).
        origin_mm: Centre of the first voxel in LPS.
        direction: As `Volume.direction`.
        duplicates: Slices that lie where one of `slices` lies; the same image twice, or an error.
        notes: What is worth knowing and no reason to refuse it.
    """

    slices: tuple[SliceHeader, ...]
    spacing_mm: tuple[float, float, float]
    origin_mm: tuple[float, float, float]
    direction: tuple[float, ...]
    duplicates: tuple[tuple[SliceHeader, SliceHeader], ...]
    notes: tuple[str, ...]

    def place(self, header: SliceHeader) -> str:
        """Returns what to call one of `slices` in messages: file names may be the patient's."""
        return f"slice {self.slices.index(header) + 1} of {len(self.slices)}"


def build_stack(headers: Sequence[SliceHeader]) -> Stack:
    """Orders slices by their position along the normal and checks that they are evenly spaced.

    Neither file names, instance numbers nor SliceLocation are looked at: only
    ImagePositionPatient says where a slice is.

    Args:
        headers: Slices of one group of `group_slices`, one or more.

    Returns:
        The stack.

    Raises:
        StackError: If a slice is missing between others, slices are unevenly spaced or turned
            against each other, or the stack is skewed (its slices do not lie above each other along
            the normal).
    """
    axes = _mean_axes(headers)
    normal = np.cross(axes[0], axes[1])
    kept, places, duplicates = _in_order(headers, normal)
    step_mm, notes = _step(kept, np.array(places))
    _check_skew(kept, normal, step_mm)
    rows_mm, columns_mm = headers[0].spacing_mm
    origin = kept[0].position_mm
    return Stack(
        slices=tuple(kept),
        spacing_mm=(step_mm, rows_mm, columns_mm),
        origin_mm=(float(origin[0]), float(origin[1]), float(origin[2])),
        direction=tuple(float(v) for v in np.stack([axes[0], axes[1], normal], axis=1).ravel()),
        duplicates=tuple(duplicates),
        notes=tuple(notes),
    )


def _mean_axes(headers: Sequence[SliceHeader]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Mean of the slices' axes, (2, 3), perpendicular and of length 1."""
    axes: np.ndarray[Any, np.dtype[np.float64]] = np.mean(
        [header.axes for header in headers], axis=0
    )
    off = max(float(np.abs(header.axes - axes).max()) for header in headers)
    if off > JITTER:
        msg = (
            f"slices are turned against each other: axes differ by {off:.2g}, at most {JITTER:g} "
            "is accepted. Export the series again."
        )
        raise StackError(msg)
    return perpendicular_axes(axes)


def _in_order(
    headers: Sequence[SliceHeader], normal: np.ndarray[Any, np.dtype[np.float64]]
) -> tuple[list[SliceHeader], list[float], list[tuple[SliceHeader, SliceHeader]]]:
    """Slices along the normal, where they lie on it in mm, and pairs that lie at one place."""
    along = np.array([header.position_mm @ normal for header in headers])
    order = np.argsort(along, kind="stable")
    kept: list[SliceHeader] = []
    places: list[float] = []
    duplicates: list[tuple[SliceHeader, SliceHeader]] = []
    for index in order:
        header, place = headers[index], float(along[index])
        if kept and place - places[-1] <= SAME_PLACE_MM:
            if np.linalg.norm(header.position_mm - kept[-1].position_mm) > _BESIDE_MM:
                msg = "slices lie side by side: two stacks in one series. Export them apart."
                raise StackError(msg)
            duplicates.append((kept[-1], header))
        else:
            kept.append(header)
            places.append(place)
    return kept, places, duplicates


def _step(
    slices: Sequence[SliceHeader], places: np.ndarray[Any, np.dtype[np.float64]]
) -> tuple[float, list[str]]:
    """The distance of slices, and whether the header contradicts it."""
    between, thickness = (
        _length(slices[0], tag) for tag in ("SpacingBetweenSlices", "SliceThickness")
    )
    if len(slices) == 1:
        single = between or thickness
        if single is None:
            return _DEFAULT_STEP_MM, [f"slice spacing is not stated, {_DEFAULT_STEP_MM:g} mm taken"]
        return single, []
    steps = np.diff(places)
    usual = float(np.median(steps))
    far = np.flatnonzero(steps > 1.5 * usual)
    if far.size:
        missing = round(float(steps[far[0]]) / usual) - 1
        msg = (
            f"{missing} slice{'s' * (missing != 1)} missing after slice {far[0] + 1} of "
            f"{len(slices)} (a step of {steps[far[0]]:.3g} mm, the others are {usual:.3g} mm). "
            "Export the whole series again."
        )
        raise StackError(msg)
    off = float(np.abs(steps - usual).max())
    if off > UNEVEN * usual:
        msg = (
            f"slices are unevenly spaced: steps of {steps.min():.3g} to {steps.max():.3g} mm. "
            "They are no single stack; export the series again."
        )
        raise StackError(msg)
    step_mm = float((places[-1] - places[0]) / (len(places) - 1))
    notes = []
    if between is not None and abs(between - step_mm) > UNEVEN * step_mm:
        _check_ratio(between, step_mm, thickness)
        notes.append(
            f"slices lie {step_mm:.3g} mm apart by their positions, {between:.3g} mm by the "
            "header; the positions count"
        )
    return step_mm, notes


def _check_ratio(between: float, step_mm: float, thickness: float | None) -> None:
    """Refuses what looks like two stacks in one, or like every second slice of one.

    Some scanners state the gap instead: that is no contradiction.
    """
    gap = None if thickness is None else step_mm - thickness
    if gap is not None and abs(between - gap) <= _SAME_RATIO * step_mm:
        return
    for times in (2, 3):
        for ratio, found in (
            (times, f"{times} stacks seem to be mixed"),
            (1 / times, f"only one of {times} slices seems to be here"),
        ):
            if abs(between / step_mm - ratio) <= _SAME_RATIO * ratio:
                msg = (
                    f"slices lie {step_mm:.3g} mm apart, SpacingBetweenSlices says {between:.3g} "
                    f"mm: {found}. Export the series again."
                )
                raise StackError(msg)


def _length(header: SliceHeader, tag: str) -> float | None:
    try:
        value = float(header.text(tag))
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None


def shift_mm(step_mm: float, steps: int) -> float:
    """How far in its plane a slice may lie from where a regular grid has it.

    Args:
        step_mm: Distance of the slices.
        steps: Slices between it and the one at the origin of the grid.
    """
    return max(_BESIDE_MM, step_mm * steps * float(np.radians(SKEW_DEG)))


def _check_skew(slices: Sequence[SliceHeader], normal: np.ndarray, step_mm: float) -> None:
    if len(slices) == 1:
        return
    first, last = slices[0].position_mm, slices[-1].position_mm
    line = last - first
    angle = np.degrees(np.arccos(np.clip(line @ normal / np.linalg.norm(line), -1, 1)))
    if angle > SKEW_DEG:
        msg = (
            f"skewed stack: its slices are shifted by {angle:.1f} degrees against their normal. "
            "Resample it to a regular grid."
        )
        raise StackError(msg)
    for number, header in enumerate(slices):
        beside = header.position_mm - first
        beside = beside - normal * (beside @ normal)
        if np.linalg.norm(beside) > shift_mm(step_mm, number):
            msg = (
                f"slice {number + 1} of {len(slices)} lies {np.linalg.norm(beside):.3g} mm beside "
                "the others. Export the series again."
            )
            raise StackError(msg)
