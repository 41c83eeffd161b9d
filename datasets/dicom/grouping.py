"""Which images of a heap of DICOM files belong to one volume."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.header import SliceHeader

# Slices of one stack agree in their axes within this; a scout's planes differ by tens of degrees.
SAME_AXES = 2e-2
_NO_NUMBER = 1 << 31

Key = tuple[str, ...]


def group_slices(headers: Iterable[SliceHeader]) -> dict[str, list[SliceHeader]]:
    """Part slices by series and, within one, by what cannot be one volume.

    Scanners store echoes, water and fat images, magnitude and phase, repeats in time and the planes
    of a scout in one series.

    Args:
        headers: Slices in any order.

    Returns:
        For each group its name and its slices, in the order of series number and name. The name is
        made from a hash of the series' number, so it tells nothing about the patient.
    """
    groups: dict[Key, list[SliceHeader]] = {}
    planes: dict[Key, list[np.ndarray]] = {}
    for header in headers:
        key = _key(header)
        known = planes.setdefault(key, [])
        plane = next((k for k, axes in enumerate(known) if _same(axes, header.axes)), len(known))
        if plane == len(known):
            known.append(header.axes)
        groups.setdefault((*key, f"plane {plane}"), []).append(header)
    ordered = sorted(groups.items(), key=lambda item: (_number(item[1][0]), item[0]))
    return {_name(key, groups): slices for key, slices in ordered}


def planes_of_series(groups: Mapping[str, list[SliceHeader]]) -> dict[str, int]:
    """Count the differently turned groups of each series.

    Args:
        groups: From `group_slices`.

    Returns:
        For each `SeriesInstanceUID` the number of distinct pairs of axes.
    """
    seen: dict[str, list[np.ndarray]] = {}
    for slices in groups.values():
        known = seen.setdefault(slices[0].text("SeriesInstanceUID"), [])
        if not any(_same(axes, slices[0].axes) for axes in known):
            known.append(slices[0].axes)
    return {series: len(axes) for series, axes in seen.items()}


def _key(header: SliceHeader) -> Key:
    return (
        header.text("SeriesInstanceUID"),
        header.text("ImageType"),
        header.text("EchoNumbers"),
        header.text("EchoTime"),
        header.text("TemporalPositionIdentifier"),
        str(header.shape),
        str(header.spacing_mm),
    )


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max() <= SAME_AXES)


def _number(header: SliceHeader) -> int:
    text = header.text("SeriesNumber")
    return int(text) if text.lstrip("-").isdecimal() else _NO_NUMBER


def _name(key: Key, groups: Mapping[Key, list[SliceHeader]]) -> str:
    """`series_`, its number and eight digits of its UID; a count where it is in several groups."""
    digits = hashlib.sha256(key[0].encode()).hexdigest()[:8]
    siblings = sorted(other for other in groups if other[0] == key[0])
    part = "" if len(siblings) == 1 else f"_{1 + siblings.index(key)}"
    number = _number(groups[key][0])
    return f"series_{number if 0 <= number < _NO_NUMBER else 0}_{digits}{part}"
