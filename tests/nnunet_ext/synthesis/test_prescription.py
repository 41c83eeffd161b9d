"""Where slices are cut: through the bone that is learned, the other one, or beyond both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from shoulderseg.nnunet_ext.synthesis.prescription import draw_slab
from tests.nnunet_ext.synthesis.bodies import (
    GLENOID_BOX,
    HUMERUS_BOX,
    ORIGIN_MM,
    SIDE,
    SPACING_MM,
)
from tests.nnunet_ext.synthesis.test_scanner import generator
from tests.nnunet_ext.synthesis.test_synthesise import STRAIGHT

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase
    from shoulderseg.nnunet_ext.synthesis.slab import Slab
    from shoulderseg.nnunet_ext.synthesis.variation import CutVariation

PATCH = (64, 48), (1.0, 1.0)
NOWHERE = replace(STRAIGHT, on_bone_share=0)


def slabs(case: ResidentCase, bones: list[int], variation: CutVariation) -> list[Slab]:
    return [draw_slab(case, PATCH, bones, variation, generator(seed)) for seed in range(60)]


def extent(slab: Slab, box: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[float, float]:
    """From where to where a box lies across a slice, from the slice's middle."""
    corners = torch.tensor(
        [[z, y, x] for z in (box[0][0], box[1][0]) for y in (box[0][1], box[1][1])
         for x in (box[0][2], box[1][2])],
        dtype=torch.float64,
    )  # fmt: skip
    places = corners.flip(1) * SPACING_MM + torch.tensor(ORIGIN_MM, dtype=torch.float64)
    across = (places - slab.centre_mm) @ slab.axes[0]
    return float(across.min()), float(across.max())


@pytest.mark.parametrize(("bone", "box"), [(0, GLENOID_BOX), (1, HUMERUS_BOX)])
def test_slices_through_the_other_bone(
    case: ResidentCase, bone: int, box: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    own = HUMERUS_BOX if bone == 0 else GLENOID_BOX
    shown = []
    for slab in slabs(case, [bone], replace(NOWHERE, other_bone_share=1)):
        low, high = extent(slab, box)
        assert low <= 1e-6
        assert high >= -1e-6
        low, high = extent(slab, own)
        shown.append(low <= 0 <= high)
    # Some show the one that is learned, too, and some do not.
    assert 5 < sum(shown) < 60


def test_who_learns_both_bones_has_no_other(case: ResidentCase) -> None:
    for slab in slabs(case, [0, 1], replace(NOWHERE, other_bone_share=1)):
        extents = [extent(slab, box) for box in (HUMERUS_BOX, GLENOID_BOX)]
        assert any(low <= 1e-6 and high >= -1e-6 for low, high in extents)


def test_slices_just_beyond_both_bones(case: ResidentCase) -> None:
    sides = []
    for slab in slabs(case, [0], replace(NOWHERE, beyond_share=1, beyond_mm=6.0)):
        extents = [extent(slab, box) for box in (HUMERUS_BOX, GLENOID_BOX)]
        low, high = min(one[0] for one in extents), max(one[1] for one in extents)
        assert low > -1e-6 or high < 1e-6
        assert min(abs(low), abs(high)) <= 6
        sides.append(low > 0)
    assert 15 < sum(sides) < 45


def test_slices_beyond_both_bones_lie_in_the_map(case: ResidentCase) -> None:
    ends = torch.tensor(ORIGIN_MM, dtype=torch.float64)
    reached = []
    for slab in slabs(case, [0], replace(NOWHERE, beyond_share=1, beyond_mm=500.0)):
        voxel = (slab.centre_mm - ends) / SPACING_MM
        assert (voxel > -1e-6).all()
        assert (voxel < SIDE - 1 + 1e-6).all()
        off = float((slab.centre_mm - case.joint_mm) @ slab.axes[0])
        reached.append(abs(off))
    assert max(reached) > 25


def test_bones_that_fill_the_map_have_nothing_beyond(case: ResidentCase) -> None:
    corners = torch.tensor([[0.0] * 3, [SIDE - 1.0] * 3], dtype=torch.float64) * SPACING_MM
    filled = replace(case, places_mm=(corners + torch.tensor(ORIGIN_MM), case.places_mm[1]))
    near = replace(NOWHERE, beyond_share=1, reach_mm=3.0)
    for slab in slabs(filled, [0], near):
        off = float((slab.centre_mm - case.joint_mm) @ slab.axes[0])
        assert abs(off) <= 3
