from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import trimesh

from shoulderseg.datasets.labels import describe_labels
from shoulderseg.datasets.surface_files import write_surface
from shoulderseg.datasets.surfaces import Surface, build_surface
from shoulderseg.datasets.volume import Volume
from tests.datasets.oblique_case import (
    GLENOID,
    HUMERUS,
    centroid_mm,
    lopsided_labels,
    oblique_image,
)

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

STRAIGHT = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def built(mask: npt.NDArray[np.bool_], like: Volume, smoothing_mm: float = 1.0) -> Surface:
    surface = build_surface(mask, like, smoothing_mm)
    assert surface is not None
    return surface


def ball(radius_mm: float, spacing_mm: tuple[float, float, float]) -> Volume:
    """A ball whose centre is no voxel's; the origin is its centre."""
    shape = [2 * int(np.ceil((radius_mm + 4) / step)) for step in spacing_mm]
    axes = [
        (np.arange(count) - count / 2 + 0.2) * step
        for count, step in zip(shape, spacing_mm, strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    first = (float(x[0, 0, 0]), float(y[0, 0, 0]), float(z[0, 0, 0]))
    return Volume(x**2 + y**2 + z**2 < radius_mm**2, spacing_mm, first, STRAIGHT)


@pytest.mark.parametrize("suffix", ["stl", "ply"])
@pytest.mark.parametrize("value", [HUMERUS, GLENOID])
def test_bones_are_where_they_were(tmp_path: Path, suffix: str, value: int) -> None:
    """Unsmoothed: smoothing moves the centre of a lopsided block by design."""
    image, mask = oblique_image(), lopsided_labels() == value
    path = tmp_path / f"a.{suffix}"
    write_surface(path, built(mask, image, 0.0), describe_labels()[value - 1])
    mesh = trimesh.load_mesh(path)
    assert mesh.is_watertight
    assert mesh.volume > 0
    # Marching cubes cut the block's edges, a little more here than there.
    np.testing.assert_allclose(mesh.center_mass, centroid_mm(mask, image), atol=0.1)


@pytest.mark.parametrize("smoothing_mm", [0.0, 1.0])
def test_a_symmetric_bone_keeps_its_centre(tmp_path: Path, smoothing_mm: float) -> None:
    image, mask = oblique_image(), np.zeros((6, 40, 52), bool)
    mask[1:4, 5:20, 30:45] = True
    surface = built(mask, image, smoothing_mm)
    for suffix in ("stl", "ply"):
        write_surface(tmp_path / f"a.{suffix}", surface, describe_labels()[0])
        mesh = trimesh.load_mesh(tmp_path / f"a.{suffix}")
        np.testing.assert_allclose(mesh.center_mass, centroid_mm(mask, image), atol=0.01)


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (3.3, 0.5, 0.7), (0.8, 0.4, 0.6)])
def test_a_smoothed_ball_keeps_its_volume_and_gets_rounder(
    spacing_mm: tuple[float, float, float],
) -> None:
    volume = ball(12.0, spacing_mm)
    smooth, raw = built(volume.array, volume), built(volume.array, volume, 0.0)
    assert smooth.watertight
    true_ml = 4 / 3 * np.pi * 12**3 / 1000
    assert smooth.volume_ml == pytest.approx(true_ml, rel=0.01)
    assert smooth.volume_ml == pytest.approx(smooth.mask_volume_ml, rel=0.002)
    off_mm = [
        float(np.abs(np.linalg.norm(surface.vertices_mm, axis=1) - 12).mean())
        for surface in (smooth, raw)
    ]
    assert off_mm[0] < 0.65 * off_mm[1]
    assert raw.deviation_max_mm == pytest.approx(0, abs=1e-6)
    # A step of the raw surface is as high as half a voxel.
    assert 0 < smooth.deviation_mean_mm < smooth.deviation_max_mm < max(spacing_mm) / 2


def test_the_deviation_sees_what_smoothing_takes_away() -> None:
    """A one-voxel spike is gone after smoothing; only the way from mask to surface shows it."""
    array = np.zeros((20, 20, 30), bool)
    array[5:15, 5:15, 5:15] = True
    array[10, 10, 15:25] = True
    volume = Volume(array, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), STRAIGHT)
    assert built(array, volume).deviation_max_mm > 8


@pytest.mark.parametrize("smoothing_mm", [0.0, 1.0])
@pytest.mark.parametrize("kind", ["slice", "everything", "voxel", "edges", "corners", "two"])
def test_every_surface_is_closed(tmp_path: Path, kind: str, smoothing_mm: float) -> None:
    shape = (1, 40, 52) if kind == "slice" else (6, 40, 52)
    image, mask = oblique_image(shape), np.zeros(shape, bool)
    if kind == "slice":
        mask[0, 5:20, 8:30] = True
    elif kind == "everything":
        mask[:] = True
    elif kind == "voxel":
        mask[3, 20, 30] = True
    elif kind == "edges":
        mask[4:, 30:, 40:] = True
    elif kind == "corners":
        mask[2, 10, 10] = mask[3, 11, 11] = mask[3, 10, 12] = mask[2, 11, 13] = True
    else:
        mask[1:3, 2:8, 3:9] = mask[4:, 20:30, 30:50] = True
    surface = built(mask, image, smoothing_mm)
    assert surface.watertight
    write_surface(tmp_path / "a.stl", surface, describe_labels()[0])
    mesh = trimesh.load_mesh(tmp_path / "a.stl")
    assert mesh.is_watertight
    assert mesh.volume / 1000 == pytest.approx(surface.volume_ml, rel=1e-3)
    if smoothing_mm:
        assert surface.volume_ml == pytest.approx(surface.mask_volume_ml, rel=0.02)


@pytest.mark.parametrize("smoothing_mm", [0.0, 1.0])
@pytest.mark.parametrize("seed", [1, 202, 299])
def test_noise_is_closed_too(tmp_path: Path, seed: int, smoothing_mm: float) -> None:
    """Voxels that touch by edges and corners; 202 and 299 have values close to the surface's."""
    mask = np.random.default_rng(seed).random((6, 24, 30)) < 0.3
    surface = built(mask, oblique_image((6, 24, 30)), smoothing_mm)
    assert surface.watertight
    write_surface(tmp_path / "a.stl", surface, describe_labels()[0])
    assert trimesh.load_mesh(tmp_path / "a.stl").is_watertight


def test_a_left_handed_image_is_not_turned_inside_out() -> None:
    image, mask = oblique_image(), lopsided_labels() == HUMERUS
    axes = np.reshape(image.direction, (3, 3)) * [1, 1, -1]
    mirrored = Volume(image.array, image.spacing_mm, image.origin_mm, tuple(axes.ravel().tolist()))
    surface = built(mask, mirrored)
    assert trimesh.Trimesh(surface.vertices_mm, surface.faces, process=False).volume > 0


def test_files_say_which_way_their_axes_point(tmp_path: Path) -> None:
    surface = built(lopsided_labels() == HUMERUS, oblique_image())
    humerus, _ = describe_labels()
    write_surface(tmp_path / "a.stl", surface, humerus)
    write_surface(tmp_path / "a.ply", surface, humerus)
    stl, ply = (tmp_path / "a.stl").read_bytes(), (tmp_path / "a.ply").read_bytes()
    assert b"SPACE=LPS" in stl[:80]
    assert not stl.startswith(b"solid")
    assert b"SPACE=LPS" in ply[: ply.index(b"end_header")]
    visual = trimesh.load_mesh(tmp_path / "a.ply").visual
    assert isinstance(visual, trimesh.visual.ColorVisuals)
    np.testing.assert_array_equal(np.unique(visual.face_colors, axis=0), [[*humerus.colour, 255]])


def test_no_bone_no_surface() -> None:
    assert build_surface(np.zeros((6, 40, 52), bool), oblique_image()) is None


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    image, mask = oblique_image(), lopsided_labels() == HUMERUS
    with pytest.raises(ValueError, match=r"expected \(6, 40, 52\)"):
        build_surface(mask[1:], image)
    for smoothing_mm in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="0 mm or more"):
            build_surface(mask, image, smoothing_mm)
    with pytest.raises(ValueError, match=r"expected the suffix \.stl or \.ply"):
        write_surface(tmp_path / "a.obj", built(mask, image), describe_labels()[0])
