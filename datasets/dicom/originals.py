"""Whether the original of a derived series is here.

Scanners and archives store filtered, corrected and reconstructed copies beside their originals.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.dicom.description import number_of
from shoulderseg.datasets.dicom.grouping import SAME_AXES, owner_of

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.header import SliceHeader

# Made by the scanner from one acquisition, and as good as original.
_PARTS = frozenset({"DIXON", "WATER", "FAT", "W", "F", "IN_PHASE", "OUT_PHASE", "OPP_PHASE"})
# What tells the contrast of one acquisition from another's, and how far it may be rounded.
_TIMES, _SAME_TIME = ("EchoTime", "RepetitionTime"), 0.02
_SAME_CENTRE_MM = 0.1


class Originals:
    """The original series of a folder that are used."""

    def __init__(self, series: Iterable[Sequence[SliceHeader]]) -> None:
        """Takes the slices of each series.

        Args:
            series: All that are used, of whatever kind.
        """
        self._found: dict[tuple[str, ...], list[Sequence[SliceHeader]]] = {}
        for slices in series:
            if image_types(slices[0])[:1] == ["ORIGINAL"]:
                self._found.setdefault(_whose(slices[0]), []).append(slices)

    def hold(self, slices: Sequence[SliceHeader]) -> bool:
        """Tells whether a derived series shows what one of the originals shows.

        That has the same frame of reference, the same echo and repetition time where both state
        them, and a slice wherever the derived series has one. A secondary image, as a reformat with
        slices of another thickness, need only lie where the original does.

        Args:
            slices: Of a series that may be derived.
        """
        types = image_types(slices[0])
        if types[:1] != ["DERIVED"] or _PARTS & set(types):
            return False
        covers = _overlaps if "SECONDARY" in types[1:2] else _covers
        return any(
            all(_same_time(original[0], slices[0], tag) for tag in _TIMES)
            and covers(original, slices)
            for original in self._in_plane(slices)
        )

    def share_plane(self, slices: Sequence[SliceHeader]) -> bool:
        """Tells whether an original has the frame of reference and the plane of a series.

        Args:
            slices: Of the series.
        """
        return any(True for _ in self._in_plane(slices))

    def _in_plane(self, slices: Sequence[SliceHeader]) -> Iterator[Sequence[SliceHeader]]:
        if not slices[0].text("FrameOfReferenceUID"):
            return
        for original in self._found.get(_whose(slices[0]), ()):
            if np.abs(original[0].axes - slices[0].axes).max() <= SAME_AXES:
                yield original


def image_types(header: SliceHeader) -> list[str]:
    """Lists the values of ImageType in capitals.

    Args:
        header: Any slice of a series.
    """
    return [item.strip().upper() for item in header.text("ImageType").split("\\")]


def _whose(header: SliceHeader) -> tuple[str, ...]:
    """Study, patient and frame of reference."""
    return (*owner_of(header)[:2], header.text("FrameOfReferenceUID"))


def _same_time(one: SliceHeader, other: SliceHeader, tag: str) -> bool:
    first, second = number_of(one, tag), number_of(other, tag)
    if first is None or second is None:
        # One of them does not state it: copies often hold 0.
        return True
    return abs(first - second) <= _SAME_TIME * max(first, second)


def _overlaps(original: Sequence[SliceHeader], derived: Sequence[SliceHeader]) -> bool:
    """Whether slices of both lie in the same stretch along their normal."""
    normal = np.cross(derived[0].axes[0], derived[0].axes[1])
    there, here = _centres(original) @ normal, _centres(derived) @ normal
    return bool(there.min() <= here.max() and here.min() <= there.max())


def _covers(original: Sequence[SliceHeader], derived: Sequence[SliceHeader]) -> bool:
    """Whether an original slice lies at each place of a derived one, whatever their matrices."""
    # Finer pixels of the same field of view move its centre by less than one of them.
    near_mm = max(_SAME_CENTRE_MM, *original[0].spacing_mm, *derived[0].spacing_mm)
    normal = np.cross(derived[0].axes[0], derived[0].axes[1])
    here = _centres(original)
    for centre in _centres(derived):
        gaps = here - centre
        across = np.abs(gaps @ normal) <= _SAME_CENTRE_MM
        if not (across & (np.linalg.norm(gaps, axis=1) <= near_mm)).any():
            return False
    return True


def _centres(slices: Sequence[SliceHeader]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Centres of the images in LPS, (slices, 3)."""
    return np.array(
        [
            header.position_mm
            + (header.shape[1] - 1) / 2 * header.spacing_mm[1] * header.axes[0]
            + (header.shape[0] - 1) / 2 * header.spacing_mm[0] * header.axes[1]
            for header in slices
        ]
    )
