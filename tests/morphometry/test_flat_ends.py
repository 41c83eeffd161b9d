"""Masks that end before their grid does: cut where they end flat, whole where they do not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shoulderseg.morphometry.measure import measure_shoulder
from shoulderseg.morphometry.shoulder import Shoulder
from tests.morphometry.made_shoulder import Made, reasons, values, voxels


def notes(shoulder: Shoulder) -> dict[str, str]:
    return {one.name: one.note for one in measure_shoulder(shoulder)}


def blanked(shoulder: Shoulder, layers: int) -> Shoulder:
    """The topmost layers without any label."""
    masks = shoulder.humerus.copy(), shoulder.glenoid.copy()
    for mask in masks:
        mask[len(mask) - layers :] = False
    return replace(shoulder, humerus=masks[0], glenoid=masks[1])


@pytest.mark.parametrize(
    ("spacing", "layers"),
    [((2.4, 0.8, 0.8), 1), ((2.4, 0.8, 0.8), 4), ((1.0, 1.0, 1.0), 2), ((2.0, 0.8, 0.8), 12)],
)
def test_what_ends_flat_before_the_grid_is_cut_as_at_its_border(
    spacing: tuple[float, float, float], layers: int
) -> None:
    # The image ends in the head, and the last slices of the label map are empty.
    padded = blanked(voxels(Made(), spacing, high=(70, 40, 14 + layers * spacing[0])), layers)
    inner = slice(0, len(padded.humerus) - layers)
    ended = replace(padded, humerus=padded.humerus[inner], glenoid=padded.glenoid[inner])

    found = values(padded)

    assert found == values(ended)
    assert reasons(padded) == reasons(ended)
    assert found["glenoid_height"] is found["hill_sachs_depth"] is None
    for bone in ("humerus", "glenoid"):
        assert notes(padded)[f"{bone}_volume"] == "cut by the image: superior"


@pytest.mark.parametrize(
    "spacing",
    [(1.0,) * 3, (2.1,) * 3, (2.4, 0.8, 0.8), (0.8, 2.4, 0.8), (0.8, 0.8, 4.0), (4.0, 0.8, 0.8)],
)
@pytest.mark.parametrize("shift", [0.0, 0.4, 0.8])
def test_bones_that_end_within_the_grid_are_whole(
    spacing: tuple[float, float, float], shift: float
) -> None:
    low = np.array([-32.0, -40.0, -40.0]) - shift * np.array(spacing[::-1])
    found = notes(voxels(Made(front=6.0, dent=4.0), spacing, low=tuple(low)))

    assert found["humerus_volume"] == found["glenoid_volume"] == ""


def test_slices_that_were_copied_to_finer_voxels_make_no_flat_end() -> None:
    coarse = voxels(Made(), (4.0, 1.0, 1.0))
    fine = coarse.affine.copy()
    fine[:3, 0] /= 8
    copied = replace(
        coarse,
        humerus=np.repeat(coarse.humerus, 8, axis=0),
        glenoid=np.repeat(coarse.glenoid, 8, axis=0),
        affine=fine,
    )

    assert notes(copied)["humerus_volume"] == ""


def test_a_glenoid_that_goes_on_is_not_cut_where_the_humerus_is() -> None:
    made = Made(high=12.0, apart=26.0)
    whole = voxels(made)
    humerus = whole.humerus.copy()
    # Drawn up to 12 mm above the head's middle alone; the glenoid goes up to 26.
    humerus[53:] = False
    found = notes(replace(whole, humerus=humerus))

    assert found["humerus_volume"] == "cut by the image: superior"
    assert found["glenoid_volume"] == ""
