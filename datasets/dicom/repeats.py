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

_SERIES = "SeriesNumber"
# The first that gives whole stacks counts.
_TELLING = ("AcquisitionNumber", "FlipAngle", "InversionTime", "TriggerTime", _SERIES)
# Of the step of all slices: beyond it a part lacks slices that lie in another.
_SAME_STEP = 1.5


def part_repeats(slices: list[SliceHeader]) -> list[list[SliceHeader]]:
    """Parts slices that lie at the same places by what tells one scan from another.

    Copies of one image are no repeats. Where no tag gives regular stacks, nothing is parted: that
    two slices lie at one place is then an error.

    Args:
        slices: Of one series and one kind.

    Returns:
        The parts in the order of the tag's values; all slices in one where nothing is parted.
    """
    places = _places(slices)
    gaps = np.diff(places)
    if not (gaps <= SAME_PLACE_MM).any():
        return [slices]
    apart = gaps[gaps > SAME_PLACE_MM]
    if not apart.size:
        return [slices]
    for tag in _TELLING:
        parts = _parts(slices, tag)
        # Slices taken in turns are parted by acquisitions, too: half a stack is no scan.
        largest_mm = np.inf if tag == _SERIES else _SAME_STEP * float(np.median(apart))
        if len(parts) > 1 and all(_is_whole(part, largest_mm) for part in parts):
            return parts
    return [slices]


def _places(slices: list[SliceHeader]) -> np.ndarray:
    """Where distinct images lie along the normal in mm, sorted."""
    normal = np.cross(slices[0].axes[0], slices[0].axes[1])
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


def _is_whole(part: list[SliceHeader], largest_mm: float) -> bool:
    if len(part) == 1:
        return False
    try:
        stack = build_stack(part)
    except StackError:
        return False
    copies = all(_image(one) and _image(one) == _image(other) for one, other in stack.duplicates)
    return copies and len(stack.slices) > 1 and stack.spacing_mm[0] <= largest_mm
