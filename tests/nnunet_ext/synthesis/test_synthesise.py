from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.nnunet_ext.synthesis.synthesise import Patch, synthesise
from shoulderseg.nnunet_ext.synthesis.variation import (
    PLAIN_VIEW,
    ContrastVariation,
    CutVariation,
    Variation,
)
from tests.nnunet_ext.synthesis.test_scanner import PLAIN, generator

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase

PATCH = Patch((64, 48), (1.0, 1.0), ((0,),))
STRAIGHT = CutVariation(
    free_share=0,
    tilt_rad=0,
    turned_share=0,
    scale=0,
    stretch=0,
    mirrored_share=0,
    thickness_mm=(1, 1),
    on_bone_share=1,
    other_bone_share=0,
    beyond_share=0,
    off_centre_mm=0,
    warped_share=0,
)


def of_one_region(
    case: ResidentCase, patch: Patch, variation: Variation, generator: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    image, (target,) = synthesise(case, patch, variation, generator)
    return image, target


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_any_image_is_finite_and_its_target_lies_in_what_is_seen(
    case: ResidentCase, seed: int
) -> None:
    image, target = of_one_region(case, PATCH, Variation(), generator(seed))
    assert image.shape == target.shape == PATCH.shape
    assert (image.dtype, target.dtype) == (torch.float32, torch.bool)
    assert torch.isfinite(image).all()
    # Zero is the padding of what has ended.
    assert not target[image == 0].any()


def test_the_same_generator_makes_the_same_image(case: ResidentCase) -> None:
    one, again, other = (
        of_one_region(case, PATCH, Variation(), generator(seed)) for seed in (7, 7, 8)
    )
    assert torch.equal(one[0], again[0])
    assert torch.equal(one[1], again[1])
    assert not torch.equal(one[0], other[0])


def test_an_image_is_normalised_over_what_is_seen(case: ResidentCase) -> None:
    variation = Variation(cut=STRAIGHT, view=PLAIN_VIEW, scanner=PLAIN)
    for seed in range(6):
        image, _ = of_one_region(case, PATCH, variation, generator(seed))
        seen = image[image != 0]
        assert float(seen.mean()) == pytest.approx(0, abs=1e-3)
        assert float(seen.std()) == pytest.approx(1, abs=1e-3)


def test_targets_are_the_trainers_own_bones(case: ResidentCase) -> None:
    variation = Variation(cut=STRAIGHT, view=PLAIN_VIEW, scanner=PLAIN)
    humerus, glenoid, both = (
        of_one_region(
            case, replace(PATCH, shape=(64, 64), regions=(bones,)), variation, generator(3)
        )[1]
        for bones in ((0,), (1,), (0, 1))
    )
    # Boxes of 20 x 30 x 20 and 12 x 16 x 12 mm; an edge may fall on the middle of a pixel.
    assert float(humerus.sum()) == pytest.approx(400, rel=0.06) or float(
        humerus.sum()
    ) == pytest.approx(600, rel=0.06)
    assert float(glenoid.sum()) == pytest.approx(144, rel=0.1) or float(
        glenoid.sum()
    ) == pytest.approx(192, rel=0.1)
    assert float(both.sum()) >= 350


def test_regions_of_one_image_have_a_target_each(case: ResidentCase) -> None:
    patch = replace(PATCH, regions=((0, 1), (0,), (1,)))
    found = 0
    for seed in range(12):
        image, targets = synthesise(case, patch, Variation(), generator(seed))
        assert targets.shape == (3, *image.shape)
        whole, humerus, glenoid = targets
        # At a joint a pixel may be whole and neither, half of each.
        assert not ((humerus | glenoid) & ~whole).any()
        assert not (humerus & glenoid & ~whole).any()
        found += int(humerus.any()) + int(glenoid.any())
    assert found > 12


def test_blanked_and_ended_pixels_are_background(case: ResidentCase) -> None:
    for share in ("blank_share", "end_share", "arm_share"):
        # Without the rim of fat, which is as bright as fat is.
        few: dict[str, Any] = {share: 1, "rim_share": 0}
        view = replace(PLAIN_VIEW, **few, least_mm=12.0, arm_mm=(-5.0, 5.0))
        lost = 0
        for seed in range(12):
            plain, cut_down = (
                of_one_region(
                    case,
                    PATCH,
                    Variation(cut=STRAIGHT, view=chosen, scanner=PLAIN),
                    generator(seed),
                )
                for chosen in (PLAIN_VIEW, view)
            )
            assert not (cut_down[1] & ~plain[1]).any()
            gone = plain[1] & ~cut_down[1]
            lost += int(gone.sum())
            if share != "end_share" and gone.any():
                # Black, or air: the darkest of the image, or nearly.
                low = float(cut_down[0].min())
                assert float(cut_down[0][gone].max()) < low + 0.3
            elif gone.any():
                assert not cut_down[0][gone].any()
        assert lost > 100, share


def test_random_contrast_and_equations_take_turns_as_told(case: ResidentCase) -> None:
    looks = []
    for share in (0.0, 1.0):
        contrast = ContrastVariation(random_share=share, texture=(0, 0), most_splits=0)
        variation = Variation(STRAIGHT, contrast, PLAIN_VIEW, PLAIN)
        images = [of_one_region(case, PATCH, variation, generator(seed))[0] for seed in range(10)]
        # Between fat and marrow: the equations give nearly the same signal for both.
        looks.append([float(image[32, 24] - image[5, 5]) for image in images])
    assert torch.tensor(looks[0]).std() != pytest.approx(float(torch.tensor(looks[1]).std()))


def test_slices_reach_all_planes_and_both_sides(case: ResidentCase) -> None:
    variation = Variation(cut=replace(STRAIGHT, mirrored_share=0.5), view=PLAIN_VIEW, scanner=PLAIN)
    planes = {(30, 20): 0, (20, 20): 0, (20, 30): 0}
    patch = replace(PATCH, shape=(80, 80))
    for seed in range(60):
        target = of_one_region(case, patch, variation, generator(seed))[1]
        rows, columns = torch.nonzero(target).T
        size = int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
        near = [
            plane
            for plane in planes
            if all(abs(one - other) <= 1 for one, other in zip(size, plane, strict=True))
        ]
        assert len(near) == 1, size
        planes[near[0]] += 1
    # Axial, coronal, sagittal, in about equal shares.
    assert min(planes.values()) > 8


def test_slices_away_from_the_bone_show_none(case: ResidentCase) -> None:
    variation = Variation(
        cut=replace(STRAIGHT, on_bone_share=0, reach_mm=30.0),
        view=PLAIN_VIEW,
        scanner=PLAIN,
    )
    found = [
        bool(of_one_region(case, PATCH, variation, generator(seed))[1].any()) for seed in range(60)
    ]
    assert 10 < sum(found) < 50


def test_beyond_the_map_an_image_ends_or_is_black(case: ResidentCase) -> None:
    patch = replace(PATCH, shape=(90, 90))
    for share in (0.0, 1.0):
        view = replace(PLAIN_VIEW, map_black_share=share)
        variation = Variation(cut=STRAIGHT, view=view, scanner=PLAIN)
        image, target = of_one_region(case, patch, variation, generator(2))
        corner = float(image[0, 0])
        assert (corner == 0) is (share == 0)
        assert share == 0 or corner == float(image.min())
        assert target.any()


def test_air_beyond_an_arm_has_a_rim_of_fat_and_spares_most_of_the_bone(
    case: ResidentCase,
) -> None:
    view = replace(
        PLAIN_VIEW, arm_share=1, arm_mm=(4, 20), rim_share=1, rim_mm=(6, 6), most_cut=0.3
    )
    # Random means without textures: pixels of a structure are equal, and fat's are the rim's.
    contrast = ContrastVariation(random_share=1, texture=(0, 0), most_splits=0, septa_share=0)
    plain = Variation(STRAIGHT, contrast, PLAIN_VIEW, PLAIN)
    cut_off = 0
    for seed in range(40):
        whole = of_one_region(case, PATCH, plain, generator(seed))[1]
        _, target = of_one_region(case, PATCH, replace(plain, view=view), generator(seed))
        assert not bool((target & ~whole).any())
        assert int(target.sum()) >= 0.7 * int(whole.sum())
        cut_off += int(target.sum()) < int(whole.sum())
    assert cut_off > 5
