"""Which images of a heap of DICOM files belong to one volume."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.dicom.repeats import part_repeats
from shoulderseg.datasets.dicom.stack import StackError, build_stack

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.header import SliceHeader

# Slices of one stack agree in their axes within this; a scout's planes differ by tens of degrees.
SAME_AXES = 2e-2
_NO_NUMBER = 1 << 31
# The first entries of a key: study, patient, series.
_OWNER = 3

Key = tuple[str, ...]


def group_slices(headers: Iterable[SliceHeader]) -> dict[str, list[SliceHeader]]:
    """Parts slices by series and, within one, by what cannot be one volume.

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
    parted = {
        (*key[:-1], f"repeat {number:04d}", key[-1]): part
        for key, slices in groups.items()
        for number, part in enumerate(part_repeats(slices))
    }
    merged = _merge_split(parted)
    ordered = sorted(merged, key=lambda item: (_number(item[1][0]), item[0]))
    of_series: dict[Key, int] = Counter(key[:_OWNER] for key, _ in ordered)
    seen: Counter[Key] = Counter()
    named: dict[str, list[SliceHeader]] = {}
    for key, slices in ordered:
        owner = key[:_OWNER]
        seen[owner] += 1
        named[_name(owner, slices[0], seen[owner] if of_series[owner] > 1 else 0)] = slices
    return named


def planes_of_series(groups: Mapping[str, list[SliceHeader]]) -> dict[str, int]:
    """Counts the differently turned groups of each group's series.

    Args:
        groups: From `group_slices`.

    Returns:
        For each group the number of distinct pairs of axes in its series; 1 where no series is
        named, since nothing then says that planes belong together.
    """
    seen: dict[Key, list[np.ndarray]] = {}
    for name, slices in groups.items():
        series = owner_of(slices[0])
        known = seen.setdefault(series if series[-1] else (*series, name), [])
        if not any(_same(axes, slices[0].axes) for axes in known):
            known.append(slices[0].axes)
    counts = {series: len(axes) for series, axes in seen.items()}
    return {name: counts.get(owner_of(slices[0]), 1) for name, slices in groups.items()}


def owner_of(header: SliceHeader) -> Key:
    """Study, patient and series of a slice: poor anonymisers give two patients one series."""
    names = ("StudyInstanceUID", "PatientID", "SeriesInstanceUID")
    return tuple(header.text(name) for name in names)


def _key(header: SliceHeader) -> Key:
    return (
        *owner_of(header),
        str(header.shape),
        header.text("ImageType"),
        header.text("EchoNumbers"),
        header.text("EchoTime"),
        header.text("TemporalPositionIdentifier"),
        header.text("StackID"),
        header.text("DimensionIndexValues"),
        str(header.spacing_mm),
    )


def _merge_split(groups: Mapping[Key, list[SliceHeader]]) -> list[tuple[Key, list[SliceHeader]]]:
    """Puts together what only rounding or a counter has parted.

    Echoes, repeats and water and fat images lie at the same places. Where no two groups of a series
    share a place and all of them make one regular stack, they are one.
    """
    families: dict[Key, list[Key]] = {}
    for key in groups:
        families.setdefault((*key[: _OWNER + 1], key[-1]), []).append(key)
    merged = []
    for keys in families.values():
        union = [header for key in keys for header in groups[key]]
        if len(keys) > 1 and _is_one_stack(union):
            merged.append((keys[0], union))
        else:
            merged += [(key, groups[key]) for key in keys]
    return merged


def _is_one_stack(slices: list[SliceHeader]) -> bool:
    spacings = np.array([header.spacing_mm for header in slices])
    if not np.allclose(spacings, spacings[0], rtol=1e-3, atol=0):
        return False
    try:
        return not build_stack(slices).duplicates
    except StackError:
        return False


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.abs(one - other).max() <= SAME_AXES)


def _number(header: SliceHeader) -> int:
    text = header.text("SeriesNumber")
    return int(text) if re.fullmatch(r"\d{1,9}", text) else _NO_NUMBER


def _name(owner: Key, header: SliceHeader, part: int) -> str:
    """`series_`, its number and eight digits of its UID; a count where it is in several groups."""
    digits = hashlib.sha256("\n".join(owner).encode()).hexdigest()[:8]
    number = _number(header)
    # Some archives put the patient's number there.
    hidden = number == _NO_NUMBER or header.names_patient(str(number))
    shown = 0 if hidden else number
    return f"series_{shown}_{digits}" + (f"_{part}" if part else "")
