from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.orientation import Reorientation, find_reorientation, reorient, restore
from shoulderseg.datasets.phantom.anatomy.pose import shoulder_frames
from shoulderseg.datasets.phantom.dimensions import Side, sample_dimensions
from shoulderseg.datasets.phantom.planning import plan_grid
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, Plane
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.volume import Volume

LEFT, BACK, UP = np.eye(3)
SHAPE = (4, 7, 6)


def volume(slices: object, rows: object, columns: object, spacing_mm: object) -> Volume:
    """A volume whose array axes point there, oblique or not."""
    axes = np.array([slices, rows, columns], dtype=float)
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    return Volume(
        np.arange(np.prod(SHAPE)).reshape(SHAPE),
        tuple(np.array(spacing_mm, dtype=float)),
        (11.0, -20.0, 35.0),
        tuple(axes[::-1].T.ravel()),
    )


def volume_along(axes: np.ndarray, spacing_mm: object) -> Volume:
    return volume(axes[0], axes[1], axes[2], spacing_mm)


def places(image: Volume) -> dict[int, tuple[float, ...]]:
    """Where in the patient each voxel value is."""
    axes = np.reshape(image.direction, (3, 3)).T[::-1] * np.array(image.spacing_mm)[:, None]
    spots = np.array(image.origin_mm) + np.argwhere(image.array >= 0) @ axes
    values = image.array.ravel()
    return {int(v): tuple(np.round(s, 6)) for v, s in zip(values, spots, strict=True)}


def directions(image: Volume) -> list[list[float]]:
    axes = np.reshape(image.direction, (3, 3)).T[::-1]
    found: list[list[float]] = np.round(axes[1:], 6).tolist()
    return found


@pytest.mark.parametrize(
    ("rows", "columns", "slices"),
    [
        (-UP, LEFT, BACK),  # coronal
        (-UP, BACK, LEFT),  # sagittal
        (BACK, LEFT, UP),  # axial
        ((0.1, 0.2, -1), (1, 0.7, 0.2), (-0.7, 1, 0.1)),  # oblique coronal
        ((0, 0.2, -1), (0.57, 0.82, 0.1), (-0.82, 0.57, 0)),  # between coronal and sagittal
        ((0, 0.2, -1), (0.42, -0.91, -0.1), (0.91, 0.42, 0)),  # coronal, along a left scapula
        ((0, 0.2, -1), (-0.2, 0.98, 0.1), (-0.98, -0.2, 0)),  # nearly sagittal
    ],
)
def test_what_stands_is_left_alone_and_what_lies_is_brought_to_stand(
    rows: object, columns: object, slices: object
) -> None:
    standing = volume(slices, rows, columns, (4, 0.5, 0.5))
    assert find_reorientation(standing).order == (0, 1, 2)
    assert find_reorientation(standing).reversed_axes == ()
    for order in itertools.permutations(range(3)):
        for flips in itertools.product([False, True], repeat=3):
            axes = np.array([slices, rows, columns], dtype=float)
            signs = np.where(flips, -1, 1)[:, None]
            lying = volume_along((signs * axes)[list(order)], np.array([4, 0.5, 0.5])[list(order)])
            turned = reorient(lying, find_reorientation(lying))
            assert directions(turned) == directions(standing)
            assert turned.spacing_mm == standing.spacing_mm


def test_an_upside_down_nifti_is_turned_by_half() -> None:
    # As converters write coronal slices: rows up, columns to the left.
    turn = find_reorientation(volume(BACK, UP, LEFT, (3, 0.6, 0.6)))
    assert turn == ((0, 1, 2), (1,))


def test_of_equal_voxels_the_first_axis_stays_the_slices() -> None:
    assert find_reorientation(volume(LEFT, BACK, UP, (1, 1, 1.1))).order == (0, 2, 1)
    assert find_reorientation(volume(LEFT, BACK, UP, (1, 1, 1.5))).order[0] == 2


def a_slice(shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]) -> Volume:
    """A coronal slice whose array axes point back, down and left, in any order of its axes."""
    image = volume(BACK, -UP, LEFT, spacing_mm)
    return replace(image, array=np.arange(np.prod(shape)).reshape(shape))


@pytest.mark.parametrize("spacing_mm", [(1, 1, 1), (1, 2, 1), (0.5, 1, 1.5), (8, 0.4, 0.4)])
def test_a_single_slice_is_one_whatever_its_spacing(
    spacing_mm: tuple[float, float, float],
) -> None:
    standing = a_slice((1, 9, 7), spacing_mm)
    assert find_reorientation(standing) == ((0, 1, 2), ())
    for order in itertools.permutations(range(3)):
        way = Reorientation((order[0], order[1], order[2]), (1,))
        lying = reorient(standing, way)
        assert 1 in lying.array.shape
        again = reorient(lying, find_reorientation(lying))
        np.testing.assert_array_equal(again.array, standing.array)
        assert again.spacing_mm == standing.spacing_mm


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("side", ["left", "right"])
def test_phantoms_lie_as_scanners_store_them(plane: Plane, side: Side) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        protocol = sample_protocol("gre", plane, rng, shape=(5, 12, 10))
        frames = shoulder_frames(sample_dimensions(rng, side=side))
        grid = plan_grid(protocol, frames, mirrored=side == "right", joint_mm=np.zeros(3), rng=rng)
        scan = Volume(np.zeros(grid.shape), grid.spacing_mm, grid.origin_mm, grid.direction)
        turn = find_reorientation(scan)
        assert turn.order == (0, 1, 2)
        # The plane of a right scapula's sagittal slices is that of a left one's coronal slices.
        assert turn.reversed_axes in ((), (2,) if (plane, side) == ("sagittal", "right") else ())


@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    spacing=st.tuples(*[st.sampled_from([0.4, 1.0, 3.0])] * 3),
    mirrored=st.booleans(),
)
def test_every_voxel_keeps_its_place_and_the_way_back_is_exact(
    angles: tuple[float, float, float], spacing: tuple[float, float, float], mirrored: bool
) -> None:
    a, b, c = np.radians(angles)
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(c), -np.sin(c)], [0, np.sin(c), np.cos(c)]])
    axes = about_z @ about_y @ about_x
    axes[0] *= -1 if mirrored else 1
    lying = volume_along(axes, spacing)
    turn = find_reorientation(lying)
    standing = reorient(lying, turn)
    before, after = places(lying), places(standing)
    for value, spot in before.items():
        np.testing.assert_allclose(after[value], spot, atol=1e-5)
    np.testing.assert_array_equal(restore(standing.array, turn), lying.array)
    again = find_reorientation(standing)
    assert again == ((0, 1, 2), ())
