"""Measures both bones of one label map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.measure.side import AXES

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import FieldOfView
    from shoulderseg.morphometry.shoulder import Measure

HUMERUS, GLENOID = "humerus", "glenoid"
_DIGITS = 4


def measure_volume(
    labels: Volume,
    values: Mapping[str, int],
    side: str = "",
    dice: Mapping[str, object] | None = None,
    in_view: tuple[FieldOfView, FieldOfView] | None = None,
) -> tuple[Measure, ...]:
    """Measures the bones of a label map.

    Args:
        labels: the label map.
        values: the voxel value of the humerus and of the glenoid.
        side: left or right; empty if unknown; axes for what the header's axes make of it.
        dice: how well each bone is likely to fit, 0 to 1; None for masks that are taken as true. Of
            a bone without such a value nothing is known.
        in_view: what images show of humerus and glenoid; None for all of the label map.

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
    shoulder = Shoulder(
        labels.array == values[HUMERUS],
        labels.array == values[GLENOID],
        index_affine(labels),
        "" if side == AXES else side,
        (1.0, 1.0) if dice is None else (known_dice(dice, HUMERUS), known_dice(dice, GLENOID)),
    )
    if side == AXES:
        shoulder = replace(shoulder, side=side_by_axes(labels, values))
    return measure_shoulder(shoulder if in_view is None else replace(shoulder, in_view=in_view))


def known_dice(dice: Mapping[str, object], bone: str) -> float | None:
    """A bone's predicted Dice; None where it is missing or none, as 1 would be a promise."""
    value = dice.get(bone)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def side_by_axes(labels: Volume, values: Mapping[str, int]) -> str:
    """The side on which the humerus lies of the glenoid, LPS; empty without both.

    Args:
        labels: the label map.
        values: the voxel value of the humerus and of the glenoid.
    """
    from shoulderseg.datasets.volume import index_affine

    humerus, glenoid = (labels.array == values[bone] for bone in (HUMERUS, GLENOID))
    if not humerus.any() or not glenoid.any():
        return ""
    apart = np.argwhere(humerus).mean(axis=0) - np.argwhere(glenoid).mean(axis=0)
    return "left" if (index_affine(labels)[:3, :3] @ apart)[0] > 0 else "right"


def as_records(measures: Sequence[Measure]) -> list[dict[str, Any]]:
    """Plain values for a JSON file, with definitions, and no more digits than they are worth."""
    return [_record(measure) for measure in measures]


def _record(measure: Measure) -> dict[str, Any]:
    from shoulderseg.morphometry.catalogue import DEFINITIONS
    from shoulderseg.morphometry.uncertainty import held_by

    record = asdict(measure)
    for key in ("value", "uncertainty"):
        if record[key] is not None:
            record[key] = round(record[key], _DIGITS)
    record = {key: value for key, value in record.items() if key != "note" or value} | {
        "refused": measure.refused or None
    }
    definition = DEFINITIONS.get(measure.name)
    if definition is None:
        return record
    record |= {"method": definition.method, "source": definition.source}
    if measure.uncertainty is not None:
        record["uncertainty_holds"] = held_by(measure.name)
    return record
