"""How far a bone in a series is that of the others."""

from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.refine.examination.align import still
from shoulderseg.refine.examination.member import Member, fused
from shoulderseg.refine.examination.overlap import overlap
from shoulderseg.refine.examination.samples import bone_slices, to_mm
from tests.refine.examination.bones import Floats, scanned, stack

HALF_MM = 40.0


def rod(points_mm: Floats) -> Floats:
    """A rod of 10 mm radius along z, 80 mm long; negative inside."""
    side = np.hypot(points_mm[:, 0], points_mm[:, 1]) - 10.0
    result: Floats = np.maximum(side, np.abs(points_mm[:, 2]) - HALF_MM)
    return result


@pytest.mark.parametrize(
    ("looked", "dice", "share"),
    # Of a quarter of the rod: 2 * 1 / (1 + 4), and 1 / 4.
    [(True, 0.4, 0.25), (False, 1.0, 1.0)],
)
def test_a_part_of_a_bone_is_a_part_of_all_that_the_series_shows(
    looked: bool, dice: float, share: float
) -> None:
    """The U-Nets found its upper quarter; either the slices end there, or they show all of it."""
    everything = Member(stack(rod, "axial", slice_mm=2.0), 1.0, motion=still(np.zeros(3)))
    probability, affine = scanned(rod, "coronal", tilt_deg=0)
    index = np.indices(probability.shape).reshape(3, -1).T.astype(np.float64)
    upper = (to_mm(affine, index)[:, 2] > HALF_MM / 2).reshape(probability.shape)
    part = bone_slices(probability * upper, affine, np.ones_like(upper) if looked else upper)

    found = overlap(part, still(np.zeros(3)), fused([everything]), [everything])

    assert found == pytest.approx((dice, share), abs=0.1)
    assert overlap(part, still(np.zeros(3)), fused([everything])) == pytest.approx(found)


def test_what_no_other_series_shows_is_not_missed() -> None:
    probability, affine = scanned(rod, "axial", slice_mm=2.0)
    index = np.indices(probability.shape).reshape(3, -1).T.astype(np.float64)
    upper = (to_mm(affine, index)[:, 2] > HALF_MM / 2).reshape(probability.shape)
    # The others' bone goes on below their slices.
    cut = Member(bone_slices(probability, affine, upper), 1.0, motion=still(np.zeros(3)))
    whole = fused([Member(bone_slices(probability, affine), 1.0, motion=still(np.zeros(3)))])
    coronal, place = scanned(rod, "coronal", tilt_deg=0)
    index = np.indices(coronal.shape).reshape(3, -1).T.astype(np.float64)
    seen = (to_mm(place, index)[:, 2] > HALF_MM / 2).reshape(coronal.shape)

    found = overlap(bone_slices(coronal * seen, place), still(np.zeros(3)), whole, [cut])

    assert found == pytest.approx((1.0, 1.0), abs=0.15)
