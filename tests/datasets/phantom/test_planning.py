"""Slices through the joint, turned as a radiologist expects them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.anatomy.pose import shoulder_frames
from shoulderseg.datasets.phantom.dimensions import Side, sample_dimensions
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.planning import plan_grid
from shoulderseg.datasets.phantom.scanner.protocol import PLANES, Plane
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol

SEEDS = st.integers(0, 2**32 - 1)
SIDES = st.sampled_from(["left", "right"])
RIGHTWARDS, BACKWARDS, FEET = np.array([-1.0, 0, 0]), np.array([0, 1.0, 0]), np.array([0, 0, -1.0])


def planned(seed: int, plane: Plane, side: Side) -> tuple[ScanGrid, np.ndarray]:
    """A grid, and the middle of the joint it is planned for."""
    rng = np.random.default_rng(seed)
    protocol = sample_protocol("pd-fs", plane, rng)
    dimensions = sample_dimensions(rng, side=side)
    joint = rng.normal(0, 100, 3)
    grid = plan_grid(
        protocol, shoulder_frames(dimensions), mirrored=side == "right", joint_mm=joint, rng=rng
    )
    return grid, joint


def image_axes(grid: ScanGrid) -> np.ndarray:
    """Image x, y and slice directions as columns."""
    return np.reshape(grid.direction, (3, 3))


@given(SEEDS, st.sampled_from(PLANES), SIDES)
def test_axes_are_orthonormal_and_right_handed(seed: int, plane: Plane, side: Side) -> None:
    axes = image_axes(planned(seed, plane, side)[0])
    np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-9)
    assert np.linalg.det(axes) == pytest.approx(1)


@given(SEEDS, st.sampled_from(PLANES), SIDES)
def test_the_joint_is_in_the_volume(seed: int, plane: Plane, side: Side) -> None:
    grid, joint = planned(seed, plane, side)
    place = (joint - np.array(grid.origin_mm)) @ np.linalg.inv(grid.axes_mm())
    # Well inside: head and glenoid reach 20 mm and more to every side of it in the image plane.
    room = np.array([5.0, 20.0, 20.0]) / grid.spacing_mm
    assert (place > room).all()
    assert (place < np.array(grid.shape) - 1 - room).all()


@given(SEEDS, st.sampled_from(["coronal", "isotropic"]), SIDES)
def test_coronal_images_show_the_patients_right_at_the_left_and_feet_down(
    seed: int, plane: Plane, side: Side
) -> None:
    x, y, normal = image_axes(planned(seed, plane, side)[0]).T
    # Along the scapula, which stands at up to 65 degrees to the coronal plane, and 12 beyond.
    assert x @ RIGHTWARDS < -0.2
    assert y @ FEET > 0.7
    assert abs(normal @ FEET) < 0.5


@given(SEEDS, SIDES)
def test_axial_images_show_the_patients_right_at_the_left_and_the_back_down(
    seed: int, side: Side
) -> None:
    x, y, _ = image_axes(planned(seed, "axial", side)[0]).T
    assert x @ RIGHTWARDS < -0.9
    assert y @ BACKWARDS > 0.9


@given(SEEDS, SIDES)
def test_sagittal_images_show_the_front_at_the_left_and_feet_down(seed: int, side: Side) -> None:
    x, y, normal = image_axes(planned(seed, "sagittal", side)[0]).T
    assert x @ BACKWARDS > 0.2
    assert y @ FEET > 0.9
    assert abs(normal @ RIGHTWARDS) > 0.2


@given(SEEDS, st.sampled_from(PLANES))
def test_a_right_shoulder_is_planned_as_the_mirror_image_of_a_left_one(
    seed: int, plane: Plane
) -> None:
    (left, joint), (right, _) = (planned(seed, plane, side) for side in ("left", "right"))
    flip = np.array([-1.0, 1.0, 1.0])
    assert right.shape == left.shape
    off_left, off_right = left.centre_mm() - joint, right.centre_mm() - joint
    np.testing.assert_allclose(off_right, flip * off_left, atol=1e-6)
    for first, second in zip(image_axes(left).T, image_axes(right).T, strict=True):
        assert abs(second @ (flip * first)) == pytest.approx(1)


@given(SEEDS, SIDES)
def test_sagittal_stacks_run_from_the_deltoid_to_the_glenoid_or_beyond(
    seed: int, side: Side
) -> None:
    grid, joint = planned(seed, "sagittal", side)
    normal = image_axes(grid)[:, 2]
    outwards = np.array([1.0 if side == "left" else -1.0, 0, 0])
    ends = [
        float((grid.centre_mm() + sign * reach - joint) @ normal) * np.sign(normal @ outwards)
        for reach in [grid.axes_mm()[0] * grid.shape[0] / 2]
        for sign in (-1, 1)
    ]
    medial_mm, lateral_mm = sorted(ends)
    reach_mm = grid.shape[0] * grid.spacing_mm[0]
    # Slices that are tilted while the stack is moved down end some millimetres elsewhere.
    assert 0.12 * reach_mm - 4 <= -medial_mm <= 0.45 * reach_mm + 4
    assert lateral_mm > 30


def test_sagittal_stacks_begin_and_end_in_many_places() -> None:
    medial_mm = []
    for seed in range(60):
        grid, joint = planned(seed, "sagittal", "left")
        reach_mm = grid.shape[0] * grid.spacing_mm[0]
        outside = abs(float((grid.centre_mm() - joint) @ image_axes(grid)[:, 2]))
        medial_mm.append(reach_mm / 2 - outside)
    assert min(medial_mm) < 14
    assert max(medial_mm) > 35


@given(SEEDS, st.sampled_from(PLANES), SIDES)
def test_the_grid_has_the_voxels_of_the_protocol(seed: int, plane: Plane, side: Side) -> None:
    protocol = sample_protocol("pd-fs", plane, np.random.default_rng(seed))
    grid, _ = planned(seed, plane, side)
    assert grid.shape == protocol.shape
    assert grid.spacing_mm == protocol.spacing_mm
    assert grid.thickness_mm == protocol.thickness_mm
