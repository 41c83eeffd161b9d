"""The frames of a DICOM SEG, laid on the slices of its series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.converters.study_seg import DAMAGED
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.header_checks import perpendicular_axes
from shoulderseg.datasets.dicom.pixel_claims import known_word
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.integrity import MAX_VOXELS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy.typing as npt
    from pydicom import Dataset

    from shoulderseg.datasets.dicom.stack import Stack

# Frames lie on the slices themselves: only rounding moves them.
_SAME_PLACE_MM = 0.1


class _UnfitSegError(ValueError):
    """It is sound and does not fit; says why."""


def read_seg(path: Path, stack: Stack, segments: Mapping[int, int]) -> npt.NDArray[np.uint8]:
    """Lays the frames of a SEG on the slices of its series.

    Args:
        path: The SEG.
        stack: The series, in the order of the volume.
        segments: Number of each segment to its value in the dataset.

    Returns:
        Values of the dataset, uint8, (Z, Y, X); slices without a frame are background.

    Raises:
        ValueError: If it cannot be decoded, holds shares instead of a mask, a frame does not lie on
            a slice, or segments overlap. The message does not name the file.
        OSError: If the file cannot be opened.
    """
    shape, count = stack.slices[0].shape, len(stack.slices)
    with silence_dicom_libraries():
        try:
            seg = read_dataset(path, pixels=True)
            _check_claims(seg, count, shape)
            frames = seg.pixel_array.reshape(-1, *shape)
            corners = _corners_of(stack)
            places = [_find_slice(seg, index, corners, shape) for index in range(len(frames))]
            labelled = str(seg.SegmentationType) == "LABELMAP"
            numbers = [None if labelled else _segment(seg, index) for index in range(len(frames))]
        except _UnfitSegError:
            raise
        except DAMAGED:
            msg = "this DICOM SEG cannot be decoded: it is damaged or of an unsupported kind."
            raise ValueError(msg) from None
    label_map = np.zeros((count, *shape), np.uint8)
    for frame, place, number in zip(frames, places, numbers, strict=True):
        _paint(label_map[place], frame, number, segments)
    return label_map


def _check_claims(seg: Dataset, slices: int, shape: tuple[int, int]) -> None:
    """Refuses what is not to be decoded."""
    kind, count = str(seg.SegmentationType), int(seg.NumberOfFrames)
    found = (int(seg.Rows), int(seg.Columns))
    if kind not in ("BINARY", "LABELMAP"):
        told = known_word(kind, ("FRACTIONAL",))
        msg = f"this DICOM SEG is of the type {told}, expected BINARY or LABELMAP."
        raise _UnfitSegError(msg)
    if found != shape or not 0 < count <= MAX_VOXELS // (shape[0] * shape[1]):
        msg = (
            f"this DICOM SEG has {count} frames of {found[0]} x {found[1]} pixels, its series "
            f"{slices} slices of {shape[0]} x {shape[1]}. Draw it on the series itself."
        )
        raise _UnfitSegError(msg)


def _group(seg: Dataset, index: int, name: str) -> Any:  # noqa: ANN401
    """The item of a functional group: of the frame, or else of all frames."""
    of_frame = seg.PerFrameFunctionalGroupsSequence[index]
    holder = of_frame if name in of_frame else seg.SharedFunctionalGroupsSequence[0]
    return holder[name].value[0]


def _segment(seg: Dataset, index: int) -> int:
    return int(_group(seg, index, "SegmentIdentificationSequence").ReferencedSegmentNumber)


def _corners_of(stack: Stack) -> npt.NDArray[np.float64]:
    """Where the slices may be said to lie, (ways to say it, slices, 3 corners, 3).

    By themselves or by the grid that was made of them, and with their own axes or those of all:
    programs that write a SEG take either.
    """
    slices, count = stack.slices, len(stack.slices)
    axes = np.reshape(stack.direction, (3, 3)).T
    step_mm = axes[2] * stack.spacing_mm[0]
    of_grid = [stack.origin_mm + step_mm * index for index in range(count)]
    places = ([one.position_mm for one in slices], of_grid)
    turns = ([one.axes for one in slices], [axes[:2]] * count, [slices[0].axes] * count)
    return np.array(
        [
            [
                _corners_mm(position, turned, one.spacing_mm, one.shape)
                for position, turned, one in zip(positions, of_each, slices, strict=True)
            ]
            for positions in places
            for of_each in turns
        ]
    )


def _find_slice(
    seg: Dataset, index: int, slices: npt.NDArray[np.float64], shape: tuple[int, int]
) -> int:
    position = _group(seg, index, "PlanePositionSequence").ImagePositionPatient
    axes = _group(seg, index, "PlaneOrientationSequence").ImageOrientationPatient
    spacing = _group(seg, index, "PixelMeasuresSequence").PixelSpacing
    corners = _corners_mm(
        np.asarray(position, np.float64),
        # As the series' own: what was rounded is made perpendicular.
        perpendicular_axes(np.asarray(axes, np.float64).reshape(2, 3)),
        (float(spacing[0]), float(spacing[1])),
        shape,
    )
    gaps = np.abs(slices - corners).max(axis=(2, 3)).min(axis=0)
    nearest = int(np.argmin(gaps))
    if not gaps[nearest] <= _SAME_PLACE_MM:
        msg = (
            f"frame {index + 1} of this DICOM SEG lies {gaps[nearest]:.3g} mm from the nearest "
            f"slice of its series, at most {_SAME_PLACE_MM:g} mm is accepted. Draw it on the "
            "series itself."
        )
        raise _UnfitSegError(msg)
    return nearest


def _corners_mm(
    position: npt.NDArray[np.float64],
    axes: npt.NDArray[np.float64],
    spacing: tuple[float, float],
    shape: tuple[int, int],
) -> npt.NDArray[np.float64]:
    """First pixel, last of the first row, first of the last row."""
    along, down = axes[0] * spacing[1] * (shape[1] - 1), axes[1] * spacing[0] * (shape[0] - 1)
    return np.stack([position, position + along, position + down])


def _paint(
    plane: npt.NDArray[np.uint8],
    frame: npt.NDArray[np.integer],
    number: int | None,
    segments: Mapping[int, int],
) -> None:
    for value, meant in segments.items():
        inside = frame == value if number is None else (frame > 0) & (number == value)
        if not meant or not inside.any():
            continue
        before = plane[inside]
        both = int(np.count_nonzero((before != 0) & (before != meant)))
        if both:
            msg = f"two structures overlap in {both} pixels of a slice, expected none in both."
            raise ValueError(msg)
        plane[inside] = meant
