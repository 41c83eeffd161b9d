"""Measures of shoulders that are known on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from shoulderseg.morphometry.catalogue import DEFINITIONS, REFUSED
from shoulderseg.morphometry.measure import measure_shoulder
from shoulderseg.morphometry.shoulder import Shoulder
from tests.morphometry.made_shoulder import Made, reasons, values, voxels

TURN = Rotation.from_euler("zyx", [10, -8, 12], degrees=True).as_matrix()


@pytest.fixture(scope="module")
def plain() -> Shoulder:
    return voxels(Made())


def test_every_measure_of_the_catalogue_has_an_answer(plain: Shoulder) -> None:
    found = measure_shoulder(plain)

    assert [one.name for one in found] == [*DEFINITIONS, *REFUSED]
    for one in found:
        assert (one.value is None) == bool(one.refused)
        assert one.unit


@pytest.mark.parametrize(
    ("spacing", "turned"),
    [((1.0, 1.0, 1.0), False), ((1.0, 1.0, 1.0), True), ((1.2, 0.7, 0.9), False)],
)
def test_head_and_glenoid_on_grids(spacing: tuple[float, float, float], turned: bool) -> None:
    made = Made(radius=22.5, low=13.0, high=9.0, apart=15.0)

    found = values(voxels(made, spacing, TURN if turned else None))

    assert found["head_radius"] == pytest.approx(22.5, abs=0.3)
    centre = [found[f"head_centre_{way}"] for way in ("left", "posterior", "superior")]
    assert centre == pytest.approx(made.head.tolist(), abs=0.3)
    assert found["glenoid_height"] == pytest.approx(made.height, abs=1.0)
    assert found["glenoid_width"] == pytest.approx(26.0, abs=1.6)
    assert found["glenoid_circle_diameter"] == pytest.approx(26.0, abs=1.2)
    assert found["bone_loss_area"] == pytest.approx(0, abs=1)
    # 2.98 mm from the hollow's bottom; nearer at the rim, since the ball is smaller than the bowl.
    assert found["joint_gap_median"] == pytest.approx(3.0, abs=0.5)
    assert found["head_offset"] == pytest.approx(0, abs=1.0)
    assert found["hill_sachs_depth"] == 0


def test_a_pear_without_a_bowl_has_the_area_of_the_pear() -> None:
    made = Made(low=14.0, high=14.0, apart=12.0)

    found = values(voxels(made))

    # Two discs of one size and their hull: a stadium.
    assert found["glenoid_area"] == pytest.approx(np.pi * 14**2 + 12 * 28, rel=0.04)


@pytest.mark.parametrize("missing", [4.0, 7.0, 10.0])
def test_bone_missing_in_front_by_both_methods(missing: float) -> None:
    found = values(voxels(Made(front=missing)))

    x = 1 - missing / 14
    area = 100 * (np.arccos(x) - x * np.sqrt(1 - x * x)) / np.pi
    # The edge of a cut is rounded in voxels, and the circle about 1 mm too small for it.
    assert found["bone_loss_linear"] == pytest.approx(100 * missing / 28, abs=5)
    assert found["bone_loss_area"] == pytest.approx(area, abs=5)
    assert found["bone_loss_clock"] == pytest.approx(3, abs=0.5)
    assert found["glenoid_track"] == pytest.approx(0.83 * 28 - missing, abs=1.5)


@pytest.mark.parametrize("depth", [3.0, 6.0])
def test_a_dent_behind_is_a_hill_sachs_defect(depth: float) -> None:
    found = values(voxels(Made(dent=depth)))

    assert found["hill_sachs_depth"] == pytest.approx(depth, abs=0.7)
    # Where a ball of 12 mm meets the head's.
    far = 24 - depth + 12
    along = (far**2 + 24**2 - 12**2) / (2 * far)
    chord = 2 * np.sqrt(24**2 - along**2)
    assert found["hill_sachs_length"] == pytest.approx(chord, abs=4)
    assert found["hill_sachs_width"] == pytest.approx(chord, abs=5)
    towards = np.array([-0.25, 0.8, 0.45]) / np.linalg.norm([-0.25, 0.8, 0.45])
    assert found["hill_sachs_angle"] == pytest.approx(
        np.degrees(np.arccos(towards @ [-1, 0, 0])), abs=8
    )


def test_a_dent_in_front_is_none() -> None:
    dented = voxels(Made(dent=5.0))
    # Front and back change places, and with them the side.
    turned = replace(
        dented,
        humerus=dented.humerus[:, ::-1],
        glenoid=dented.glenoid[:, ::-1],
    )

    assert values(dented)["hill_sachs_depth"] != 0
    assert values(turned)["hill_sachs_depth"] == 0


def test_a_head_that_stands_in_front() -> None:
    found = values(voxels(Made(forward=5.0)))

    assert found["head_offset_anterior"] == pytest.approx(5, abs=0.7)
    assert found["head_offset"] == pytest.approx(5, abs=1)
    assert found["subluxation_index"] == pytest.approx((5 + 24) / 48, abs=0.02)


# Slices that do not lie across the shaft.
TILTED = Rotation.from_euler("x", 12, degrees=True).as_matrix()


def test_a_shaft_beside_the_head() -> None:
    shoulder = voxels(Made(shaft=100.0), low=(-32, -40, -90))

    found = values(shoulder)

    assert found["head_shaft_offset"] == pytest.approx(8, abs=0.5)
    coarse = values(voxels(Made(shaft=100.0), (2.4, 1.0, 1.0), TILTED, low=(-32, -40, -90)))
    assert coarse["head_shaft_offset"] == pytest.approx(8, abs=0.7)
    thick = voxels(Made(shaft=100.0), (4.0, 1.0, 1.0), low=(-32, -40, -90))
    assert "mm apart along the shaft, expected at most 2.5" in reasons(thick)["neck_shaft_angle"]
    short = voxels(Made(shaft=100.0), low=(-32, -40, -60))
    assert (
        "mm of the shaft are in the image, expected 45 below" in reasons(short)["neck_shaft_angle"]
    )


def test_a_right_shoulder_is_the_mirror_image() -> None:
    made = voxels(Made(front=7.0, dent=5.0, forward=3.0))
    mirrored = made.affine.copy()
    mirrored[0] *= -1
    right = replace(made, affine=mirrored, side="right")

    left, other = values(made), values(right)

    assert left["head_centre_left"] == pytest.approx(-(other["head_centre_left"] or 0), abs=0.02)
    for name in DEFINITIONS:
        if name != "head_centre_left" and left[name] is not None:
            assert other[name] == pytest.approx(left[name], rel=0.04, abs=0.1), name


@settings(max_examples=8, deadline=None)
@given(
    shift=st.tuples(*[st.floats(-300, 300)] * 3),
    angles=st.tuples(*[st.floats(-12, 12)] * 3),
)
def test_where_a_shoulder_lies_changes_no_length(
    shift: tuple[float, float, float], angles: tuple[float, float, float]
) -> None:
    made = voxels(Made(dent=4.0), (1.5, 1.5, 1.5))
    moved = np.eye(4)
    moved[:3, :3] = Rotation.from_euler("zyx", angles, degrees=True).as_matrix()
    moved[:3, 3] = shift

    before, after = values(made), values(replace(made, affine=moved @ made.affine))

    for name in ("head_radius", "joint_gap_minimum", "humerus_volume", "glenoid_surface"):
        assert after[name] == pytest.approx(before[name], rel=1e-3)
    for name in ("glenoid_height", "glenoid_width", "head_offset"):
        assert after[name] == pytest.approx(before[name], abs=1.2)


def test_a_predicted_mask_may_have_filled_a_defect(plain: Shoulder) -> None:
    notes = {
        dice: {one.name: one.note for one in measure_shoulder(replace(plain, dice=dice))}
        for dice in ((1.0, 1.0), (0.9, 1.0), (None, 1.0))
    }

    assert not notes[1.0, 1.0]["hill_sachs_depth"]
    for predicted in ((0.9, 1.0), (None, 1.0)):
        assert "may have filled a defect" in notes[predicted]["hill_sachs_depth"]
        assert not notes[predicted]["head_radius"]
        assert not notes[predicted]["bone_loss_area"]


def test_a_predicted_glenoid_may_have_filled_what_is_missing(plain: Shoulder) -> None:
    predicted = measure_shoulder(replace(plain, dice=(1.0, 0.9)))
    notes = {one.name: one.note for one in predicted}

    for name in ("bone_loss_area", "glenoid_track", "glenoid_circle_diameter"):
        assert "the loss may be far larger" in notes[name]
    assert not notes["glenoid_height"]
    assert not notes["hill_sachs_depth"]


def test_a_worse_mask_is_less_sure(plain: Shoulder) -> None:
    sure = {one.name: one.uncertainty for one in measure_shoulder(plain)}
    unsure = {
        one.name: one.uncertainty for one in measure_shoulder(replace(plain, dice=(0.9, 0.8)))
    }

    # A predicted mask may have filled it, by more than any interval would say.
    assert sure["bone_loss_area"] is not None
    assert unsure["bone_loss_area"] is None
    for name in ("head_radius", "glenoid_height"):
        assert unsure[name] is not None
        assert sure[name] is not None
        assert (unsure[name] or 0) > (sure[name] or 0) > 0
