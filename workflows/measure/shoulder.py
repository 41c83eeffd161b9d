"""Measures both bones of one label map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.shoulder import Measure

HUMERUS, GLENOID = "humerus", "glenoid"
# Of these the front follows from the header's axes alone.
AXES = "axes"
_DIGITS = 4


def measure_volume(
    labels: Volume,
    values: Mapping[str, int],
    side: str = "",
    dice: Mapping[str, float] | None = None,
) -> tuple[Measure, ...]:
    """Measures the bones of a label map.

    Args:
        labels: the label map.
        values: the voxel value of the humerus and of the glenoid.
        side: left or right; empty if unknown; axes for what the header's axes make of it.
        dice: how well each bone is likely to fit; None for masks that are taken as true.

    Returns:
        As `measure_shoulder`; a label map without bones refuses all.

    Raises:
        ValueError: if a bone has no value, or the side is none.
    """
    from shoulderseg.datasets.volume import index_affine
    from shoulderseg.morphometry.measure import measure_shoulder
    from shoulderseg.morphometry.shoulder import Shoulder

    if not {HUMERUS, GLENOID} <= set(values):
        msg = f"the labels are {', '.join(values)}, expected {HUMERUS} and {GLENOID}"
        raise ValueError(msg)
    known = dice or {}
    shoulder = Shoulder(
        labels.array == values[HUMERUS],
        labels.array == values[GLENOID],
        index_affine(labels),
        "" if side == AXES else side,
        (known.get(HUMERUS, 1.0), known.get(GLENOID, 1.0)),
    )
    if side == AXES:
        shoulder = replace(shoulder, side=_side_by_axes(shoulder.humerus, shoulder.glenoid, labels))
    return measure_shoulder(shoulder)


def _side_by_axes(
    humerus: np.ndarray[Any, Any], glenoid: np.ndarray[Any, Any], labels: Volume
) -> str:
    """The side on which the humerus lies of the glenoid, LPS; empty without both."""
    from shoulderseg.datasets.volume import index_affine

    if not humerus.any() or not glenoid.any():
        return ""
    apart = np.argwhere(humerus).mean(axis=0) - np.argwhere(glenoid).mean(axis=0)
    return "left" if (index_affine(labels)[:3, :3] @ apart)[0] > 0 else "right"


def as_records(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Plain values for a JSON file, without more digits than they are worth."""
    return [_record(measure) for measure in measures]


def _record(measure: Measure) -> dict[str, Any]:
    record = asdict(measure)
    for key in ("value", "uncertainty"):
        if record[key] is not None:
            record[key] = round(record[key], _DIGITS)
    return {key: value for key, value in record.items() if key != "note" or value} | {
        "refused": measure.refused or None
    }
