"""The glenoid's plane and what is seen of its face, with bone missing in front."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene
from shoulderseg.datasets.phantom.case import draw_scan
from shoulderseg.datasets.phantom.examination.truth import fine_bones
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.truth import true_measurements
from shoulderseg.datasets.volume import index_affine
from shoulderseg.morphometry.bone import take_bone
from shoulderseg.morphometry.glenoid import Face, find_face
from shoulderseg.morphometry.head import find_head
from shoulderseg.morphometry.shoulder import Shoulder
from tests.morphometry.made_shoulder import Floats, Made, places, voxels


def face_of(shoulder: Shoulder) -> Face:
    humerus = take_bone(shoulder.humerus, shoulder.affine)
    glenoid = take_bone(shoulder.glenoid, shoulder.affine)
    assert humerus is not None
    assert glenoid is not None
    return find_face(glenoid, find_head(humerus, glenoid))


def between_deg(one: Floats, other: Floats) -> float:
    return float(np.degrees(np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))))


@pytest.mark.parametrize("missing", [0.0, 4.0, 7.0, 10.0, 12.0, 14.0])
def test_bone_that_is_missing_in_front_does_not_turn_the_plane(missing: float) -> None:
    face = face_of(voxels(Made(front=missing)))

    # A plane through what is left of the rim turns by 2.2, 3.9 and 5.3 degrees where 7, 10 and 14
    # mm are missing.
    assert between_deg(face.normal, np.array([1.0, 0, 0])) < 2.1


@pytest.mark.parametrize("missing", [4.0, 8.0, 10.0])
def test_bone_that_is_missing_behind_does_not_turn_it_either(missing: float) -> None:
    whole = voxels(Made())
    left = whole.glenoid & (places(whole)[..., 1] <= 14 - missing)

    face = face_of(replace(whole, glenoid=left))

    assert between_deg(face.normal, np.array([1.0, 0, 0])) < 2.1
    assert face.width_mm == pytest.approx(28 - missing, abs=1)


@pytest.mark.parametrize("turned_deg", [8.0, 15.0, -15.0, 25.0])
def test_a_glenoid_that_is_tilted_to_the_body_is_the_same(turned_deg: float) -> None:
    upright = voxels(Made(front=9.0))
    cos, sin = np.cos(np.radians(turned_deg)), np.sin(np.radians(turned_deg))
    turn = np.array([[1, 0, 0, 0], [0, cos, -sin, 0], [0, sin, cos, 0], [0, 0, 0, 1]])

    face, tilted = (face_of(replace(upright, affine=m @ upright.affine)) for m in (np.eye(4), turn))

    # About the transverse axis, to which the face stands upright.
    for before, after in ((face.normal, tilted.normal), (face.superior, tilted.superior)):
        assert between_deg(turn[:3, :3] @ before, after) < 1.0
    assert np.linalg.norm(turn[:3, :3] @ face.middle_mm - tilted.middle_mm) < 0.3
    assert tilted.width_mm == pytest.approx(face.width_mm, abs=0.2)


def test_a_header_that_takes_the_front_for_the_back_changes_no_size() -> None:
    made = voxels(Made(front=9.0))
    affine = made.affine.copy()
    affine[1] *= -1

    face, mirrored = face_of(made), face_of(replace(made, affine=affine))

    assert mirrored.width_mm == pytest.approx(face.width_mm, abs=0.3)
    assert mirrored.area_mm2 == pytest.approx(face.area_mm2, rel=0.01)
    assert between_deg(mirrored.normal * (1, -1, 1), face.normal) < 1


def test_a_ridge_in_the_middle_of_a_worn_bowl_turns_the_plane_no_more_than_the_rim() -> None:
    whole = voxels(Made(gap=6.0))
    where = places(whole)
    # Flat in front, and worn by 3 mm behind.
    worn = 3 * np.sin(np.clip(where[..., 1], 0, 14) / 14 * np.pi)
    glenoid = whole.glenoid & (where[..., 0] <= -worn)

    face = face_of(replace(whole, glenoid=glenoid))

    # Parallel to the ridge it would turn by 15 degrees.
    assert between_deg(face.normal, np.array([1.0, 0, 0])) < 9
    assert face.width_mm == pytest.approx(28, abs=1.5)


@pytest.mark.filterwarnings("error")
def test_a_hole_through_the_middle_is_no_end_of_the_face() -> None:
    whole = voxels(Made())
    where = places(whole)
    bored = whole.glenoid & (np.hypot(where[..., 1], where[..., 2]) > 5)

    face = face_of(replace(whole, glenoid=bored))

    assert np.isfinite(face.middle_mm).all()
    assert face.width_mm == pytest.approx(28, abs=1)


@pytest.mark.parametrize(("seed", "sex"), [(8115, "female"), (8147, "male")])
def test_the_root_of_the_coracoid_is_no_face(seed: int, sex: Literal["female", "male"]) -> None:
    options = PhantomOptions(
        plane="isotropic",
        spacing_mm=(1.0, 1.0, 1.0),
        shape=(112, 160, 160),
        health="instability",
        bone_loss_percent=35,
        side="left",
        sex=sex,
    )
    _, shoulder = draw_scan(options, np.random.default_rng(seed))
    scene = build_scene(shoulder, options.glenoid_depth_mm, whole=False)
    bones = fine_bones(scene, 1.0, 1)
    stated = true_measurements(scene, shoulder)

    face = face_of(Shoulder(bones.array == 1, bones.array == 2, index_affine(bones), "left"))

    # Where the plane turns by 13 and 15 degrees, and outwards is away from the face's middle, the
    # root belongs to it, and the faces are 0.7 and 2.1 mm too high.
    places = {name: np.array(place) for name, place in stated["landmarks_lps_mm"].items()}
    up = places["glenoid_superior"] - places["glenoid_inferior"]
    front = places["glenoid_anterior"] - places["glenoid_posterior"]
    normal = np.cross(up, front)
    assert between_deg(normal * np.sign(normal @ face.normal), face.normal) < 6
    assert face.height_mm == pytest.approx(stated["glenoid_height_mm"], abs=0.5)
