"""Painting of layers: shares of voxels, order, mirroring, thick slices, and leaving out layers."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.painting import Painted, paint
from shoulderseg.datasets.phantom.planning import plan_grid
from shoulderseg.datasets.phantom.scanner.protocol import Plane
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scene import Scene, body_points, patient_points
from shoulderseg.datasets.phantom.sdf import half_space
from shoulderseg.datasets.phantom.structures import Structure
from tests.datasets.phantom.ball_scenes import (
    JOINT_MM,
    RADIUS_MM,
    VOLUME_MM3,
    ball,
    scene_of,
    stack,
    volume_mm3,
)

from .scans import LPS_AXES, NO_SIGNAL, bony, cube, draw


def assert_same(first: Painted, second: Painted, tolerance: float = 0.0) -> None:
    for field in fields(Painted):
        one, other = getattr(first, field.name), getattr(second, field.name)
        if one.dtype == np.uint8 or not tolerance:
            np.testing.assert_array_equal(one, other, err_msg=field.name)
        else:
            np.testing.assert_allclose(one, other, atol=tolerance, err_msg=field.name)


@pytest.fixture(scope="module")
def whole_scene() -> Scene:
    """A complete deformed shoulder."""
    return draw(PhantomOptions(side="left", health="instability"), 3)[1]


@pytest.fixture(scope="module")
def signals() -> np.ndarray:
    """Random signals, so that every structure and its texture tells."""
    return np.random.default_rng(1).uniform(0, 1, (256, 2, 2)).astype(np.float32)


@pytest.mark.parametrize(
    ("spacing_mm", "thickness_mm"),
    [((0.8, 0.8, 0.8), 0.8), ((3.0, 0.6, 0.9), 3.0), ((1.5, 1.5, 1.5), 1.5)],
)
def test_a_ball_has_its_volume(spacing_mm: tuple[float, float, float], thickness_mm: float) -> None:
    grid = stack(spacing_mm, thickness_mm)
    painted = paint(scene_of([ball(Structure.HUMERUS_MARROW, RADIUS_MM)]), grid, NO_SIGNAL, 1)
    assert volume_mm3(painted.humerus, grid) == pytest.approx(VOLUME_MM3, rel=0.01)
    assert painted.humerus.max() == 1
    assert not painted.glenoid.any()
    assert volume_mm3(painted.humerus >= 0.5, grid) == pytest.approx(VOLUME_MM3, rel=0.02)


@pytest.mark.parametrize("pixel_mm", [1.0, 3.0, 6.0])
def test_a_shell_and_its_core_have_their_volumes_however_coarse_the_pixels(pixel_mm: float) -> None:
    """Core and shell of a coarse pixel share it; together they are no larger than the ball."""
    core_mm = RADIUS_MM - 1.5
    layers = [
        ball(Structure.HUMERUS_CORTEX, RADIUS_MM),
        replace(ball(Structure.HUMERUS_MARROW, core_mm), nested=True),
    ]
    signals = np.zeros((256, 2, 2), np.float32)
    signals[Structure.HUMERUS_CORTEX, :, 0] = 1
    signals[Structure.HUMERUS_MARROW, :, 1] = 1
    grid = stack((pixel_mm,) * 3, pixel_mm)
    painted = paint(scene_of(layers), grid, signals, 1)
    # Pixels as large as half a ball see its curved surface a little too large, with core or not.
    solid, core = (
        paint(scene_of([ball(Structure.HUMERUS_MARROW, radius)]), grid, signals, 1).humerus
        for radius in (RADIUS_MM, core_mm)
    )
    np.testing.assert_allclose(painted.humerus, solid, atol=1e-6)
    np.testing.assert_allclose(painted.fat, core, atol=1e-6)
    np.testing.assert_allclose(painted.water, solid - core, atol=1e-6)
    assert volume_mm3(solid, grid) == pytest.approx(VOLUME_MM3, rel=0.002 + pixel_mm**2 / 400)


def test_thick_slices_average_over_their_thickness_and_gaps_are_not_seen() -> None:
    plane = Layer(
        Structure.SCAPULA_MARROW,
        lambda points: half_space(points.within("body"), (0, 0, 0), (0, 0, 1)),
    )
    # The first slice reaches 4 mm from -1 to 3, a quarter of it bone; the other three are clear.
    grid = ScanGrid((2, 8, 8), (5.0, 1.0, 1.0), 4.0, (120.0, -15.0, 41.0), LPS_AXES)
    painted = paint(scene_of([plane]), grid, NO_SIGNAL, 1)
    np.testing.assert_allclose(painted.glenoid[0], 0.25, atol=1e-5)
    assert not painted.glenoid[1].any()
    below = replace(grid, origin_mm=(120.0, -15.0, 35.0))
    np.testing.assert_allclose(paint(scene_of([plane]), below, NO_SIGNAL, 1).glenoid[0], 1)


def test_a_coarse_scan_sees_what_a_fine_one_sees(whole_scene: Scene) -> None:
    middle = whole_scene.joint_mm + np.array([5.0, 0.0, 0.0])
    fine = cube(middle, (40, 40, 40), 0.8)
    steps = fine.axes_mm()
    first = np.array(fine.origin_mm) + 2 * steps[0] + 0.5 * steps[1] + 0.5 * steps[2]
    x, y, z = first.tolist()
    coarse = ScanGrid((8, 20, 20), (4.0, 1.6, 1.6), 4.0, (x, y, z), LPS_AXES)
    scene = bony(whole_scene)
    small, large = (paint(scene, grid, NO_SIGNAL, 1) for grid in (fine, coarse))
    for bone in ("humerus", "glenoid"):
        expected = getattr(small, bone).reshape(8, 5, 20, 2, 20, 2).mean(axis=(1, 3, 5))
        found = getattr(large, bone)
        assert found.mean() == pytest.approx(expected.mean(), rel=0.01)
        assert np.abs(found - expected).mean() < 0.005


def test_later_layers_cover_earlier_ones_and_signals_mix_by_share(signals: np.ndarray) -> None:
    under, over = Structure.HUMERUS_MARROW, Structure.SCAPULA_MARROW
    scene = scene_of([ball(under, 10.0), ball(over, 10.0, x=8.0)])
    painted = paint(scene, stack((1.0, 1.0, 1.0), 1.0), signals, 1)
    both = painted.humerus + painted.glenoid
    assert both.max() <= 1 + 1e-6
    # What two balls with their middles 8 mm apart have in common is a lens.
    lens = np.pi / 12 * (4 * 10 + 8) * (2 * 10 - 8) ** 2
    full = 4 / 3 * np.pi * 10**3
    assert float(painted.glenoid.sum()) == pytest.approx(full, rel=0.01)
    assert float(painted.humerus.sum()) == pytest.approx(full - lens, rel=0.02)
    mixed = (
        painted.humerus * signals[under, 0, 0]
        + painted.glenoid * signals[over, 0, 0]
        + (1 - both) * signals[Structure.AIR, 0, 0]
    )
    np.testing.assert_allclose(painted.water, mixed, atol=1e-5)
    clear = painted.glenoid > 0.9
    assert (painted.tissue_map[clear] == over).all()
    assert (painted.tissue_map[both < 0.1] == Structure.AIR).all()


def test_texture_and_opacity_share_between_materials(signals: np.ndarray) -> None:
    full = Layer(
        Structure.DELTOID,
        lambda points: np.full(len(points), -5.0),
        lambda points: np.full(len(points), 0.25),
    )
    veil = ball(Structure.HUMERUS_PHYSEAL_SCAR, 50.0, opacity=0.4)
    painted = paint(scene_of([full, veil]), stack((6.0, 4.0, 4.0), 6.0), signals, 1)
    for part, found in enumerate((painted.water, painted.fat)):
        muscle = (
            0.75 * signals[Structure.DELTOID, 0, part] + 0.25 * signals[Structure.DELTOID, 1, part]
        )
        expected = 0.6 * muscle + 0.4 * signals[Structure.HUMERUS_PHYSEAL_SCAR, 0, part]
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    # What covers less than half does not change what a place is.
    assert (painted.tissue_map == Structure.DELTOID).all()


def test_only_scapula_in_the_region_is_glenoid() -> None:
    scene = scene_of([ball(Structure.SCAPULA_MARROW, RADIUS_MM)])
    half = scene._replace(glenoid_region=lambda points: points.within("body")[0] > 0)
    grid = cube(JOINT_MM, (40, 40, 40), 0.8)
    all_of_it, part = (paint(each, grid, NO_SIGNAL, 1) for each in (scene, half))
    assert volume_mm3(part.glenoid, grid) == pytest.approx(VOLUME_MM3 / 2, rel=0.01)
    np.testing.assert_array_equal(part.glenoid[:, :, 20:], all_of_it.glenoid[:, :, 20:])
    assert not part.glenoid[:, :, :20].any()
    np.testing.assert_array_equal(part.tissue_map, all_of_it.tissue_map)


def test_right_is_the_mirror_image_of_left() -> None:
    layers = [ball(Structure.HUMERUS_MARROW, RADIUS_MM, x=6.0)]
    grid = cube(JOINT_MM, (30, 30, 41), 1.0)
    left, right = (
        paint(scene_of(layers, mirrored=mirrored), grid, NO_SIGNAL, 1).humerus
        for mirrored in (False, True)
    )
    np.testing.assert_allclose(right, left[:, :, ::-1], atol=1e-5)
    x = np.average(np.arange(41) - 20.0, weights=left.sum(axis=(0, 1)))
    assert x == pytest.approx(6, abs=0.05)


def test_patient_points_undo_body_points(whole_scene: Scene) -> None:
    spots = np.random.default_rng(0).uniform(-80, 80, (3, 500))
    for mirrored in (False, True):
        scene = whole_scene._replace(mirrored=mirrored)
        world = spots + scene.joint_mm[:, None]
        np.testing.assert_allclose(
            patient_points(scene, body_points(scene, world)), world, atol=0.05
        )


def test_the_number_of_workers_does_not_matter(whole_scene: Scene, signals: np.ndarray) -> None:
    grid = cube(whole_scene.joint_mm, (3, 70, 70), 2.0)
    one, two = (paint(whole_scene, grid, signals, workers) for workers in (1, 2))
    assert_same(one, two)
    assert len(np.unique(one.tissue_map)) > 15


@pytest.mark.parametrize("plane", ["coronal", "sagittal", "axial"])
def test_layers_that_are_left_out_would_not_have_shown(
    plane: Plane, whole_scene: Scene, signals: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(2)
    protocol = sample_protocol("pd-fs", plane, rng, shape=(3, 64, 64), spacing_mm=(4.0, 2.3, 2.3))
    grid = plan_grid(
        protocol, whole_scene.frames, mirrored=False, joint_mm=whole_scene.joint_mm, rng=rng
    )
    sparing = paint(whole_scene, grid, signals, 1)
    monkeypatch.setattr("shoulderseg.datasets.phantom.scene._SLACK", 1e6)
    # A layer painted over gives its colour only but for rounding.
    assert_same(sparing, paint(whole_scene, grid, signals, 1), tolerance=1e-5)


def test_bones_do_not_depend_on_what_lies_under_them(whole_scene: Scene) -> None:
    grid = cube(whole_scene.joint_mm, (8, 40, 40), 1.5)
    full, bare = (paint(each, grid, NO_SIGNAL, 1) for each in (whole_scene, bony(whole_scene)))
    np.testing.assert_allclose(bare.humerus, full.humerus, atol=1e-6)
    np.testing.assert_allclose(bare.glenoid, full.glenoid, atol=1e-6)
