"""Repeats of a scan in one series that no counter of repeats tells apart.

Older scanners count only acquisitions, series of flip angles or inversion times state these alone,
and some anonymisers give several series one UID.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.dicom.stack import SAME_PLACE_MM, StackError, build_stack

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.header import SliceHeader

# The first that gives whole stacks counts.
_TELLING = ("AcquisitionNumber", "FlipAngle", "InversionTime", "TriggerTime", "SeriesNumber")


def part_repeats(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    """Parts slices that lie at the same places by what tells one scan from another.

    Copies of one image are no repeats. Scans that were taken in slabs or in turns, sent in part
    once more, or stopped, are not parted: each part must have a slice at every place. Where no tag
    gives such parts, two slices of one place are copies, or an error.

    Args:
        slices: Of one series and one kind.

    Returns:
        The parts in the order of the tag's values; all slices in one where nothing is parted.
    """
    places = _places(slices)
    if not (np.diff(places) <= SAME_PLACE_MM).any():
        return [slices]
    for tag in _TELLING:
        parts = _parts(slices, tag)
        if len(parts) > 1 and all(_is_whole(part, places, _normal(slices)) for part in parts):
            return parts
    return [slices]


def _normal(slices: list[SliceHeader]) -> np.ndarray:
    return np.cross(slices[0].axes[0], slices[0].axes[1])


def _places(slices: list[SliceHeader]) -> np.ndarray:
    """Where distinct images lie along the normal in mm, sorted."""
    normal = _normal(slices)
    distinct = {_image(header) or (str(k),): header for k, header in enumerate(slices)}
    return np.sort([float(header.position_mm @ normal) for header in distinct.values()])


def _image(header: SliceHeader) -> tuple[str, ...]:
    """What copies of an image share; empty where it has no number of its own."""
    uid = header.text("SOPInstanceUID")
    return (uid, str(header.frame)) if uid else ()


def _parts(slices: list[SliceHeader], tag: str) -> list[list[SliceHeader]]:
    parts: dict[str, list[SliceHeader]] = {}
    for header in slices:
        parts.setdefault(header.text(tag), []).append(header)
    return [parts[value] for value in sorted(parts, key=_in_order)]


def _in_order(value: str) -> tuple[float, str]:
    try:
        return float(value), value
    except ValueError:
        return 0.0, value


def _is_whole(part: list[SliceHeader], places: np.ndarray, normal: np.ndarray) -> bool:
    """Whether slices make a regular stack with one at each of the places along the normal."""
    found = np.sort([float(header.position_mm @ normal) for header in part])
    after = np.searchsorted(found, places).clip(max=len(found) - 1)
    gaps = np.minimum(np.abs(found[after] - places), np.abs(found[(after - 1).clip(0)] - places))
    if gaps.max() > SAME_PLACE_MM:
        return False
    try:
        stack = build_stack(part)
    except StackError:
        return False
    copies = all(_image(one) and _image(one) == _image(other) for one, other in stack.duplicates)
    return copies and len(stack.slices) > 1
