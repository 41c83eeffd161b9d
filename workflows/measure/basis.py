"""What measures rest on beside the masks: the side, predicted Dice, voxels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.workflows.measure.shoulder import GLENOID, HUMERUS, known_dice, side_by_axes
from shoulderseg.workflows.measure.side import AXES, Side

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import FieldOfView

# Where it stands, beside the measures.
BASIS = "measures_rest_on"
TRUE, PREDICTED = "taken as true", "predicted"
COLUMNS = ("side", "side_from", "masks", "humerus_dice", "glenoid_dice", "spacing_mm")
_BONES = (HUMERUS, GLENOID)
_LIMITS = "half of the interval that holds the value in nine of ten phantoms, on voxels of 1 mm"
_SLICES = (
    "these are unlike them: lengths go by the distance of slices along them; volumes, surfaces and "
    "areas have no uncertainty; whether nine of ten hold was not checked"
)
_FUSED = "whether nine of ten hold was not checked for fused bones"


def resolved(side: Side, labels: Volume, values: Mapping[str, int]) -> Side:
    """Puts what the header's axes tell in the place of the request to ask them.

    Args:
        side: what is known of the side.
        labels: the label map.
        values: the voxel value of the humerus and of the glenoid.
    """
    if side.side != AXES or not {HUMERUS, GLENOID} <= set(values):
        return side
    found = side_by_axes(labels, values)
    return side._replace(side=found, source=side.source if found else "")


def basis_of(
    labels: Volume,
    side: Side,
    dice: Mapping[str, object] | None = None,
    in_view: tuple[FieldOfView, FieldOfView] | None = None,
) -> dict[str, Any]:
    """Gives what measures rest on, for a JSON file.

    Args:
        labels: what was measured.
        side: the side that was taken, as `resolved` gives it.
        dice: as for `measure_volume`.
        in_view: as for `measure_volume`.

    Returns:
        `side` (left, right or empty) and `side_from` (what said it); `masks`, whether they are
        taken as true or predicted, with the `dice` of each bone, None where it is unknown;
        `spacing_mm` of the label map, (Z, Y, X), and `series_spacing_mm` of the series that fused
        bones come from; `uncertainty`, what that means for these.
    """
    series = _series_spacing(in_view)
    found: dict[str, Any] = {
        "side": side.side,
        "side_from": side.source,
        "masks": TRUE if dice is None else PREDICTED,
        "dice": None if dice is None else {bone: known_dice(dice, bone) for bone in _BONES},
        "spacing_mm": [round(float(length), 6) for length in labels.spacing_mm],
    }
    if series:
        found["series_spacing_mm"] = series
    return found | {"uncertainty": _limits(found["spacing_mm"], fused=bool(series))}


def cells_of(basis: Mapping[str, Any]) -> list[object]:
    """Gives the cells of `COLUMNS`; empty ones for what is not known.

    Args:
        basis: as `basis_of` gives it; empty for measures of an earlier version.
    """
    dice = basis.get("dice") or {}
    spacing = basis.get("series_spacing_mm") or filter(None, [basis.get("spacing_mm")])
    return [
        *(basis.get(key, "") for key in COLUMNS[:3]),
        *(dice.get(bone, "") for bone in _BONES),
        "; ".join(" x ".join(f"{length:g}" for length in one) for one in spacing),
    ]


def _series_spacing(in_view: tuple[FieldOfView, FieldOfView] | None) -> list[list[float]]:
    steps = [one for bone in in_view or () for one in bone.steps_mm]
    lengths = [np.linalg.norm(one, axis=0).round(6).tolist() for one in steps]
    return [list(one) for one in dict.fromkeys(map(tuple, lengths))]


def _limits(spacing_mm: list[float], *, fused: bool) -> str:
    from shoulderseg.morphometry.uncertainty import are_slices

    if fused:
        return f"{_LIMITS}; {_FUSED}"
    if are_slices(max(spacing_mm), min(spacing_mm)):
        return f"{_LIMITS}; {_SLICES}"
    return _LIMITS
