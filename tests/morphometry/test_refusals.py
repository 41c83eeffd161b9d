"""What is refused, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shoulderseg.morphometry.catalogue import DEFINITIONS
from shoulderseg.morphometry.measure import measure_shoulder
from shoulderseg.morphometry.refusal import told
from shoulderseg.morphometry.shoulder import Shoulder
from tests.morphometry.made_shoulder import Made, places, reasons, values, voxels

TO_FRONT = [name for name, one in DEFINITIONS.items() if one.to_front]


@pytest.fixture(scope="module")
def plain() -> Shoulder:
    return voxels(Made())


@pytest.mark.parametrize("side", ["", "right"])
def test_without_a_side_that_fits_the_front_is_not_guessed(plain: Shoulder, side: str) -> None:
    found = reasons(replace(plain, side=side))

    for name in TO_FRONT:
        assert "side" in found[name]
    assert not found["head_radius"]
    assert not found["glenoid_height"]


def test_bones_that_are_not_of_one_joint(plain: Shoulder) -> None:
    """As of a false piece in the chest, or a label map of both shoulders."""
    apart = Made(gap=22.0)
    found = values(voxels(apart, high=(100, 40, 40)))
    told_why = reasons(voxels(apart, high=(100, 40, 40)))

    for name in ("head_radius", "glenoid_height", "joint_gap_minimum", "subluxation_index"):
        assert found[name] is None
        assert "mm apart, expected at most 15: they are not of one joint" in told_why[name]
    assert found["humerus_volume"] is not None
    assert values(plain)["head_radius"] is not None


def test_slices_that_are_too_far_apart_along_a_length() -> None:
    found = reasons(voxels(Made(), (3.0, 0.7, 0.7)))

    assert "3.0 mm apart along it, expected at most 2.5" in found["glenoid_height"]
    assert not found["glenoid_width"]
    assert not found["subluxation_index"]
    assert found["bone_loss_area"]
    assert not found["head_radius"]


def test_slices_across_the_joint_that_are_too_far_apart() -> None:
    found = reasons(voxels(Made(dent=5.0), (0.8, 0.8, 4.0)))

    for name in ("joint_gap_minimum", "hill_sachs_depth", "bone_loss_area", "vault_retroversion"):
        assert "4.0 mm apart along it" in found[name]


def test_a_glenoid_of_more_than_the_glenoid() -> None:
    """As of a label map of the whole scapula."""
    found = reasons(voxels(Made(low=20.0, high=18.0, apart=30.0)))

    for name in ("glenoid_height", "glenoid_area", "bone_loss_area"):
        assert "face is larger than 64 mm, where glenoids are 30 to 50 mm high" in found[name]
    assert not found["head_radius"]


def test_a_defect_may_be_where_the_image_ends() -> None:
    found = reasons(voxels(Made(dent=6.0), high=(70, 18, 40)))

    assert "does not show all of the head" in found["hill_sachs_depth"]
    assert not found["head_radius"]


def test_too_few_slices_through_the_head() -> None:
    found = reasons(voxels(Made(), (14.0, 0.8, 0.8)))

    assert "slices cross the head, expected at least 5" in found["head_radius"]


def test_a_head_that_the_image_cuts() -> None:
    found = reasons(voxels(Made(), high=(70, 40, 8)))

    assert found["head_radius"]
    assert found["joint_gap_minimum"]


def test_a_glenoid_that_the_image_cuts() -> None:
    found = reasons(voxels(Made(high=12.0, apart=20.0), high=(70, 40, 20)))

    assert found["glenoid_height"]


@pytest.mark.parametrize("missing", ["humerus", "glenoid"])
def test_a_bone_that_is_not_there(plain: Shoulder, missing: str) -> None:
    nothing = np.zeros_like(plain.humerus)
    empty = (
        replace(plain, humerus=nothing) if missing == "humerus" else replace(plain, glenoid=nothing)
    )

    found = reasons(empty)

    assert found["head_radius"] == found[f"{missing}_volume"] == f"there is no {missing}"


@pytest.mark.parametrize("slices", [1, 2])
def test_a_slice_or_two_have_volumes_alone(plain: Shoulder, slices: int) -> None:
    part = slice(38, 38 + slices)
    found = values(replace(plain, humerus=plain.humerus[part], glenoid=plain.glenoid[part]))

    assert found["humerus_volume"] == plain.humerus[part].sum()
    assert (found["humerus_surface"] is None) == (slices == 1)
    assert found["head_radius"] is None


def test_bones_that_change_places_are_refused(plain: Shoulder) -> None:
    found = values(replace(plain, humerus=plain.glenoid, glenoid=plain.humerus))

    assert found["head_radius"] is None
    assert found["glenoid_height"] is None


@pytest.mark.parametrize(("depth", "ball"), [(3.0, 9.0), (5.0, 12.0)])
def test_a_rim_that_is_broken_behind_makes_no_circle(
    plain: Shoulder, depth: float, ball: float
) -> None:
    where = places(plain)
    # The lower disc's middle lies 5 mm below the face's; a bite from behind and below.
    low = np.array([0.0, 0.0, -5.0]) + (14 - depth + ball) * np.array([0.0, 0.82, -0.57])
    bitten = plain.glenoid & (np.linalg.norm((where - low)[..., 1:], axis=-1) > ball)

    found = reasons(replace(plain, glenoid=bitten))

    for name in ("bone_loss_area", "glenoid_track", "glenoid_circle_diameter"):
        assert "circle" in found[name], found[name]
    assert not found["glenoid_height"]


def test_loss_along_the_back_is_noticed_late(plain: Shoulder) -> None:
    behind = places(plain)[..., 1]

    some = values(replace(plain, glenoid=plain.glenoid & (behind <= 14 - 4)))
    much = reasons(replace(plain, glenoid=plain.glenoid & (behind <= 14 - 6)))

    # docs/measures.md says how wrong this is.
    assert some["glenoid_circle_diameter"] == pytest.approx(23.2, abs=0.5)
    assert much["glenoid_circle_diameter"]


def test_a_head_that_is_no_ball_has_no_defect_that_one_could_tell(plain: Shoulder) -> None:
    off = places(plain) - Made().head
    longer = (off[..., 0] / 24) ** 2 + (off[..., 1] / 24) ** 2 + (off[..., 2] / 27) ** 2 <= 1
    longer |= np.linalg.norm(off - np.array([14.0, 0, 0]), axis=-1) <= 22

    found = reasons(replace(plain, humerus=longer))

    assert "sphere" in found["hill_sachs_depth"]


def test_a_head_that_is_wider_than_high(plain: Shoulder) -> None:
    off = places(plain) - Made().head
    flat = (off[..., 0] / 24) ** 2 + (off[..., 1] / 22) ** 2 + (off[..., 2] / 26) ** 2 <= 1
    flat |= np.linalg.norm(off - np.array([14.0, 0, 0]), axis=-1) <= 22

    found = reasons(replace(plain, humerus=flat))

    assert "sphere" in found["hill_sachs_depth"]


@pytest.mark.parametrize("spacing", [2.1, 2.4])
def test_a_defect_on_voxels_that_do_not_show_it_is_not_said_to_be_none(spacing: float) -> None:
    found = reasons(voxels(Made(dent=4.0), (spacing,) * 3))

    assert f"voxels are {spacing:.1f} mm long" in found["hill_sachs_depth"]


@pytest.mark.parametrize(
    ("degrees", "reason"), [(80, "the glenoid's long axis stands"), (180, "upside down")]
)
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_header_that_is_turned_about_the_transverse_axis(
    degrees: float, reason: str, side: str
) -> None:
    made = voxels(Made(shaft=80.0), low=(-32, -40, -90))
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("x", degrees, degrees=True).as_matrix()
    if side == "right":
        turned[0] *= -1

    found = reasons(replace(made, affine=turned @ made.affine, side=side))

    assert reason in found["bone_loss_area"]
    assert reason in found["head_offset_anterior"]
    assert not found["subluxation_index"]


def test_smaller_pieces_are_said_to_be_left_out(plain: Shoulder) -> None:
    humerus = plain.humerus.copy()
    humerus[0, 0, 0:2] = True

    [volume] = [
        one
        for one in measure_shoulder(replace(plain, humerus=humerus))
        if one.name == "humerus_volume"
    ]

    assert volume.value == plain.humerus.sum()
    assert "2 mm3 in smaller ones are left out" in volume.note


@pytest.mark.parametrize("dice", [1.2, -0.1, float("nan")])
def test_a_dice_that_is_none(plain: Shoulder, dice: float) -> None:
    with pytest.raises(ValueError, match="Dice"):
        measure_shoulder(replace(plain, dice=(0.9, dice)))


def test_nobody_knows_how_sure_a_mask_of_unknown_quality_is(plain: Shoulder) -> None:
    found = {one.name: one for one in measure_shoulder(replace(plain, dice=(None, 0.9)))}

    assert found["head_radius"].value
    assert found["head_radius"].uncertainty is None
    assert found["glenoid_height"].uncertainty


@pytest.mark.parametrize(
    ("value", "limit", "text"), [(0.8004, 0.8, "0.8004"), (2.51, 2.5, "2.51"), (3.0, 2.5, "3.0")]
)
def test_what_is_beyond_a_limit_does_not_look_like_it(
    value: float, limit: float, text: str
) -> None:
    assert told(value, limit) == text


def test_masks_that_do_not_belong_together(plain: Shoulder) -> None:
    with pytest.raises(ValueError, match="shapes"):
        measure_shoulder(replace(plain, glenoid=plain.glenoid[1:]))
    with pytest.raises(ValueError, match="affine"):
        measure_shoulder(replace(plain, affine=plain.affine * np.nan))
    with pytest.raises(ValueError, match="side"):
        measure_shoulder(replace(plain, side="links"))
