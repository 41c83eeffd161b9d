from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.nnunet_ext.synthesis.prescription import turned
from shoulderseg.nnunet_ext.synthesis.slab import Slab, cut_slab, slice_profile
from tests.nnunet_ext.synthesis.bodies import (
    AXIAL,
    CORONAL,
    FAT,
    GLENOID_BOX,
    HUMERUS_BOX,
    MARROW,
    SAGITTAL,
    middle_of_mm,
)

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase

SHAPE = (60, 56)
# One value a structure, and another channel of twice that.
TABLE = torch.stack([torch.arange(256.0), 2 * torch.arange(256.0)], dim=1)


def slab(axes: list[list[float]], **changed: object) -> Slab:
    """A thin slice through the middle of the humerus' box, pixels of 1 mm."""
    thin = Slab(
        centre_mm=middle_of_mm(HUMERUS_BOX),
        axes=torch.tensor(axes, dtype=torch.float64),
        offsets_mm=(0.0,),
        weights=(1.0,),
        pixel_mm=(1.0, 1.0),
    )
    return replace(thin, **changed)  # type: ignore[arg-type]


def extent(mask: torch.Tensor) -> tuple[int, int]:
    """Rows and columns that a mask reaches over."""
    rows, columns = torch.nonzero(mask).T
    return int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1


@pytest.mark.parametrize(
    ("axes", "size"), [(AXIAL, (30, 20)), (CORONAL, (20, 20)), (SAGITTAL, (20, 30))]
)
def test_a_box_has_its_sides_in_every_plane(
    case: ResidentCase, axes: list[list[float]], size: tuple[int, int]
) -> None:
    cut = cut_slab(case, slab(axes), SHAPE, TABLE)
    humerus = cut.bones[0] >= 0.5
    assert extent(humerus) == size
    assert int(humerus.sum()) == size[0] * size[1]
    # Its middle is the slice's.
    assert torch.nonzero(humerus).double().mean(dim=0).tolist() == pytest.approx([29.5, 27.5])


def test_pixels_of_other_lengths_scale_each_side(case: ResidentCase) -> None:
    cut = cut_slab(case, slab(AXIAL, pixel_mm=(0.5, 2.0)), (90, 40), TABLE)
    assert extent(cut.bones[0] >= 0.5) == (60, 10)


def test_an_oblique_slice_lengthens_a_side(case: ResidentCase) -> None:
    # Turned by 30 degrees about its columns, an axial slice leaves the box's front at 15 / cos 30
    # from the middle.
    axes = turned(torch.tensor(AXIAL, dtype=torch.float64), torch.eye(3).double()[0], math.pi / 6)
    cut = cut_slab(case, slab(axes.tolist()), SHAPE, TABLE)
    rows, columns = extent(cut.bones[0] >= 0.5)
    assert columns == 20
    assert rows == pytest.approx(30 / math.cos(math.pi / 6), abs=1.1)


def test_the_glenoid_lies_to_the_right_and_a_mirror_brings_it_left(case: ResidentCase) -> None:
    # Columns run to the patient's left, x; the glenoid has the smaller x here.
    for sign, left in ((1.0, True), (-1.0, False)):
        axes = [AXIAL[0], AXIAL[1], [sign, 0.0, 0.0]]
        cut = cut_slab(case, slab(axes), SHAPE, TABLE)
        humerus, glenoid = (torch.nonzero(bone >= 0.5).double().mean(dim=0) for bone in cut.bones)
        assert bool(glenoid[1] < humerus[1]) is left
        # Columns between the middles: 43.5 and 25.5.
        assert abs(float(glenoid[1] - humerus[1])) == pytest.approx(18)
        assert float(glenoid[0] - humerus[0]) == pytest.approx(1)


def test_a_thick_slice_averages_through_its_profile(case: ResidentCase) -> None:
    # The box ends 10 mm above its middle: a slice there is half in it.
    centre = middle_of_mm(HUMERUS_BOX) + torch.tensor([0.0, 0.0, 10.0])
    offsets, weights = slice_profile(4.0, 0.0)
    cut = cut_slab(
        case, slab(AXIAL, centre_mm=centre, offsets_mm=offsets, weights=weights), SHAPE, TABLE
    )
    assert float(cut.bones[0, 29, 27]) == pytest.approx(0.5, abs=1e-5)
    assert float(cut.values[0, 29, 27]) == pytest.approx((MARROW + FAT) / 2, abs=1e-3)
    inside = centre - torch.tensor([0.0, 0.0, 0.5])
    more = cut_slab(
        case, slab(AXIAL, centre_mm=inside, offsets_mm=offsets, weights=weights), SHAPE, TABLE
    )
    assert float(more.bones[0, 29, 27]) == pytest.approx(2.5 / 4, abs=0.05)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5, width=32), min_size=4, max_size=4), st.floats(-3, 3, width=32))
def test_values_are_linear_in_what_structures_have(
    case: ResidentCase, means: list[float], factor: float
) -> None:
    one, other = torch.zeros((256, 1)), torch.zeros((256, 1))
    for number, mean in zip((0, FAT, MARROW, 16), means, strict=True):
        one[number], other[number] = mean, 1 - mean
    place = slab(AXIAL, centre_mm=middle_of_mm(GLENOID_BOX) + 0.3)
    both = cut_slab(case, place, (20, 20), one + factor * other).values
    apart = [cut_slab(case, place, (20, 20), table).values for table in (one, other)]
    assert torch.allclose(both, apart[0] + factor * apart[1], atol=1e-4)


def test_channels_are_kept_apart(case: ResidentCase) -> None:
    values = cut_slab(case, slab(CORONAL), SHAPE, TABLE).values
    assert torch.allclose(values[1], 2 * values[0])
    assert float(values[0, 30, 28]) == pytest.approx(MARROW, abs=1e-3)


def test_nothing_is_found_outside_the_map(case: ResidentCase) -> None:
    cut = cut_slab(case, slab(AXIAL, pixel_mm=(2.0, 2.0)), SHAPE, TABLE + 1)
    assert float(cut.covered[0, 0]) == 0
    assert float(cut.values[:, 0, 0].abs().max()) == 0
    assert float(cut.covered[30, 28]) == pytest.approx(1)


@pytest.mark.parametrize(("thickness", "edge"), [(0.2, 0.0), (1.0, 0.5), (3.0, 0.3), (6.0, 0.5)])
def test_a_profile_is_symmetric_and_as_wide_as_the_slice(thickness: float, edge: float) -> None:
    offsets, weights = slice_profile(thickness, edge)
    assert sum(weights) == pytest.approx(1)
    assert offsets == pytest.approx([-offset for offset in reversed(offsets)])
    assert weights == pytest.approx(list(reversed(weights)))
    assert max(offsets, default=0) <= thickness * (1 + edge) / 2
    step = thickness * (1 + edge) / len(offsets)
    # Width at half of the height, by the area under the profile.
    assert step / max(weights) == pytest.approx(thickness, abs=step / 2 + 1e-9)
