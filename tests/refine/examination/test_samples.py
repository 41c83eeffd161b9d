from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.refine.examination.joint import head_centre
from shoulderseg.refine.examination.samples import bone_slices, index_box, to_index, to_mm
from tests.refine.examination.bones import ball, scanned


def test_edge_points_lie_on_the_bone() -> None:
    """Also of pixels that are not square, in oblique slices."""
    for pixel_mm in ((0.35, 0.5), (1.6, 0.7)):
        bone = bone_slices(*scanned(ball, "coronal", pixel_mm=pixel_mm))

        radius = np.linalg.norm(bone.edge_mm, axis=1)
        assert np.abs(radius - 20).mean() < 0.15
        np.testing.assert_allclose(bone.edge_mm.mean(axis=0), 0, atol=0.5)


@pytest.mark.parametrize("pixel_mm", [(0.4, 4.0), (4.0, 0.4), (0.8, 0.8)])
def test_pixels_inside_are_inside_however_long_they_are(pixel_mm: tuple[float, float]) -> None:
    bone = bone_slices(*scanned(ball, "axial", pixel_mm=pixel_mm))

    inside = bone.probability > 0.5
    assert inside.any()
    np.testing.assert_array_equal(np.sign(bone.distance_mm), np.where(inside, -1, 1))


def test_an_edge_lies_half_a_pixel_from_the_pixels_beside_it() -> None:
    """Of either side of a pixel; 1 mm and 3 mm long, and a bone of 7 by 5 of them."""
    probability = np.zeros((1, 30, 30), np.float32)
    probability[0, 10:17, 12:17] = 1
    bone = bone_slices(probability, np.diag([4.0, 1.0, 3.0, 1.0]))
    [(_, row, column)] = to_index(bone.affine, np.array([[0.0, 13.0, 3 * 14.0]]))
    along, across = bone.distance_mm[0, :, int(column)], bone.distance_mm[0, int(row)]
    first, left = int(row) - 3, int(column) - 2
    np.testing.assert_allclose(along[first - 2 : first + 3], [1.5, 0.5, -0.5, -1.5, -2.5])
    np.testing.assert_allclose(across[left - 2 : left + 2], [4.5, 1.5, -1.5, -3.5])


def test_the_steps_are_those_of_the_image() -> None:
    """Also where several of its pixels are taken together."""
    probability, affine = scanned(ball, "coronal", pixel_mm=(0.3, 0.9))
    bone = bone_slices(probability, affine)
    np.testing.assert_array_equal(bone.steps_mm, affine[:3, :3])
    assert np.linalg.norm(bone.affine[:3, 1]) == pytest.approx(0.6)


def test_what_a_series_shows_is_all_of_its_slices_and_no_more() -> None:
    probability, affine = scanned(ball, "axial")
    bone = bone_slices(probability, affine)
    last = np.array(probability.shape) - 1.0
    inside = to_mm(affine, np.array([[-0.4, 0, 0], last + 0.4, last / 2]))
    outside = to_mm(
        affine, np.array([[-0.6, 0, 0], last + np.array([0, 0.6, 0]), last + np.array([0, 0, 0.6])])
    )

    assert bone.shows(inside).all()
    assert not bone.shows(outside).any()
    assert bone.probability.size < probability.size


@pytest.mark.parametrize("pixel_mm", [(0.7, 0.9), (0.3, 0.25)])
def test_a_filled_margin_is_as_if_the_slices_ended_there(pixel_mm: tuple[float, float]) -> None:
    """Also of pixels that are taken together."""
    probability, affine = scanned(ball, "coronal", pixel_mm=pixel_mm, tilt_deg=0)
    middle = probability.shape[2] // 2 // 6 * 6
    seen = np.zeros(probability.shape, np.bool_)
    seen[:, :, :middle] = True
    seen[0] = False
    bone = bone_slices(np.where(seen, probability, 0).astype(np.float32), affine, seen)
    # The half of a ball has no flat edge, and is as deep at the cut as the ball is.
    assert np.abs(np.linalg.norm(bone.edge_mm, axis=1) - 20).max() < 0.6
    assert bone.distance_mm.min() < -16
    column = to_index(affine, bone.samples.points_mm)[:, 2]
    assert column.max() < middle
    assert column.max() > middle - 6
    places = np.array([[1.0, 5, middle - 0.6], [1.0, 5, middle - 0.4], [0.0, 5, 3], [1.0, 5, 3]])
    assert bone.shows(to_mm(affine, places)).tolist() == [True, False, False, True]
    alike = bone_slices(probability[:, :, :middle], affine)
    np.testing.assert_allclose(alike.edge_mm, bone.edge_mm, atol=1e-6)


def test_a_blank_slice_makes_no_hole() -> None:
    probability, affine = scanned(ball, "axial", tilt_deg=0)
    z = round(float(to_index(affine, np.zeros((1, 3)))[0, 0]))
    seen = np.ones(probability.shape, np.bool_)
    seen[z] = False
    blank = np.where(seen, probability, 0).astype(np.float32)
    bone = bone_slices(blank, affine, seen)
    assert bone.distance_mm[z].min() < -15
    assert not bone.shows(to_mm(affine, np.array([[z, 40.0, 40.0]]))).any()
    assert not np.isclose(to_index(affine, bone.samples.points_mm)[:, 0], z).any()


def test_no_bone_gives_no_points() -> None:
    probability, affine = scanned(lambda points: np.full(len(points), 5.0), "axial")

    bone = bone_slices(probability, affine)

    assert bone.edge_mm.shape == (0, 3)
    assert (bone.distance_mm == bone.distance_mm.max()).all()


def test_one_slice_of_one_row() -> None:
    bone = bone_slices(np.array([[[0, 1, 1, 0]]], np.float32), np.eye(4))

    assert bone.probability.shape == (1, 1, 4)
    assert bone.edge_mm.shape == (0, 3)


def test_indices_and_places() -> None:
    _, affine = scanned(ball, "sagittal", pixel_mm=(0.5, 1.25))
    index = np.array([[0.0, 1.0, 2.0], [3.5, 0.25, 7.0]])

    np.testing.assert_allclose(to_index(affine, to_mm(affine, index)), index, atol=1e-12)
    box = index_box(affine, to_mm(affine, index + 0.1), (5, 5, 5))
    assert box == (slice(0, 5), slice(0, 3), slice(2, 5))


def test_head_centre_is_that_of_the_sphere() -> None:
    rng = np.random.default_rng(3)
    directions = rng.normal(size=(4000, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    centre = np.array([30.0, -4.0, 12.0])
    head = centre + 24.0 * directions
    shaft = centre + np.array([20.0, 0.0, -50.0]) + rng.normal(size=(500, 3))
    glenoid = centre - np.array([30.0, 0.0, 0.0]) + 3 * rng.normal(size=(200, 3))

    found = head_centre(np.concatenate([head, shaft]), glenoid)

    assert found is not None
    np.testing.assert_allclose(found, centre, atol=0.01)
    assert head_centre(head, np.empty((0, 3))) is None
    assert head_centre(glenoid, glenoid) is None
