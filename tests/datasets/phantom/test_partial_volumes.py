"""Partial volume maps: shares, bones, signals, places and bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors import safe_open

from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene
from shoulderseg.datasets.phantom.case import draw_scan, make_case
from shoulderseg.datasets.phantom.coats import Seen
from shoulderseg.datasets.phantom.joint_piece import only_joint_piece
from shoulderseg.datasets.phantom.layers import Layer
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.painting import paint
from shoulderseg.datasets.phantom.partial_volume_file import write_partial_volumes
from shoulderseg.datasets.phantom.partial_volumes import PartialVolumes, make_partial_volumes
from shoulderseg.datasets.phantom.planning import plan_grid
from shoulderseg.datasets.phantom.scanner.relaxation import relaxation
from shoulderseg.datasets.phantom.share_painting import byte_shares
from shoulderseg.datasets.phantom.structures import COMPOSITION, HUMERUS, Material, Structure

from .scans import cube

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dimensions import Side
    from shoulderseg.datasets.phantom.grid import ScanGrid
    from shoulderseg.datasets.phantom.scanner.protocol import Plane
    from shoulderseg.datasets.phantom.scene import Scene

SEED = 5
SPACING_MM, SIDE_MM = 1.0, 48.0
PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")


@cache
def volumes(side: Side) -> PartialVolumes:
    options = PhantomOptions(side=side, health="healthy")
    return make_partial_volumes(
        options, np.random.default_rng(SEED), spacing_mm=SPACING_MM, side_mm=SIDE_MM
    )


def painted_scene(side: Side) -> tuple[Scene, ScanGrid]:
    """The shoulder of a map, and the map's voxels as slices."""
    options = PhantomOptions(side=side, health="healthy")
    _, shoulder = draw_scan(options, np.random.default_rng(SEED))
    scene = build_scene(shoulder, options.glenoid_depth_mm, whole=False)
    map_ = volumes(side)
    shape = map_.bones.shape[1:]
    middle = np.array(map_.origin_mm) + (np.array(shape[::-1]) - 1) / 2 * map_.spacing_mm
    return scene, cube(middle, shape, map_.spacing_mm)


def test_shares_fill_every_voxel() -> None:
    map_ = volumes("left")
    assert map_.shares.shape == map_.materials.shape == (3, 48, 48, 48)
    assert (map_.shares.sum(axis=0, dtype=np.int64) == 255).all()
    assert (np.diff(map_.shares.astype(int), axis=0) <= 0).all()
    assert set(np.unique(map_.materials)) <= set(Structure)
    assert not map_.materials[map_.shares == 0].any()
    assert len(np.unique(map_.materials)) > 25


def test_shares_are_rounded_so_that_the_largest_remainder_gains() -> None:
    def seen(*shares: float) -> Seen:
        parts = (Structure.DELTOID, Structure.TRICEPS, Structure.SKIN, Structure.LABRUM)
        layers = [
            (Layer(structure, lambda p: np.zeros(len(p))), np.array([share], np.float32))
            for structure, share in zip(parts, shares, strict=False)
        ]
        return Seen(layers, np.array([1 - sum(shares)], np.float32))

    materials, shares = byte_shares(seen(0.5, 0.3, 0.2), 3)
    # 127.5, 76.5 and 51.0: of both halves the larger share goes up.
    np.testing.assert_array_equal(shares[:, 0], [128, 76, 51])
    materials, shares = byte_shares(seen(0.1, 0.2, 0.3, 0.4), 2)
    # What is left out leaves its room to both others, three to four: 109.3 and 145.7.
    np.testing.assert_array_equal(materials[:, 0], [Structure.LABRUM, Structure.SKIN])
    np.testing.assert_array_equal(shares[:, 0], [146, 109])


def test_bones_are_those_of_the_label_map_on_the_same_voxels() -> None:
    map_ = volumes("left")
    scene, grid = painted_scene("left")
    painted = paint(scene, grid, np.zeros((256, 2, 2), np.float32))
    np.testing.assert_allclose(map_.bones[0] / 255, painted.humerus, atol=0.5 / 255 + 1e-4)
    chips = (map_.bones[1] == 0) & (painted.glenoid > 0.002)
    np.testing.assert_allclose(
        (map_.bones[1] / 255)[~chips], painted.glenoid[~chips], atol=0.5 / 255 + 1e-4
    )
    assert chips.mean() < 1e-4
    assert (map_.bones[0] >= 128).sum() * SPACING_MM**3 > 20_000
    assert (map_.bones[1] >= 128).sum() * SPACING_MM**3 > 5_000
    # A voxel full of humerus holds nothing but its structures.
    full = map_.bones[0] == 255
    parts = np.isin(map_.materials, list(HUMERUS))
    assert (map_.shares * parts).sum(axis=0)[full].min() >= 250


def test_mean_signals_are_those_that_are_painted_without_texture() -> None:
    map_ = volumes("left")
    scene, grid = painted_scene("left")
    signals = np.random.default_rng(0).uniform(0, 1, (256, 2, 2)).astype(np.float32)
    # Both ends of a composition alike: no texture.
    signals[:, 1] = signals[:, 0]
    painted = paint(scene, grid, signals)
    for part, found in enumerate((painted.water, painted.fat)):
        mixed = (map_.shares / 255 * signals[map_.materials, 0, part]).sum(axis=0)
        exact = map_.shares[2] == 0
        assert 0.7 < exact.mean() < 1
        # Half a 255th of each of two shares.
        assert np.abs(mixed - found)[exact].max() < 1.01 / 255
        assert np.abs(mixed - found).mean() < 0.002


def test_a_right_shoulder_is_the_mirror_image_of_a_left_one() -> None:
    left, right = volumes("left"), volumes("right")
    assert (left.side, right.side) == ("left", "right")
    flip = np.array([-1, 1, 1])
    np.testing.assert_allclose(right.joint_mm, left.joint_mm * flip, atol=1e-9)
    np.testing.assert_array_equal(right.bones[..., ::-1], left.bones)
    # The arm lies to the left of a left joint, and that is where x grows.
    arm = np.argwhere(left.bones[0] > 127)[:, 2].mean() * SPACING_MM + left.origin_mm[0]
    assert arm > left.joint_mm[0] + 5
    for plane in PLANES:
        sign = 1 if plane == "sagittal" else -1
        np.testing.assert_allclose(
            right.directions[plane][2], sign * left.directions[plane][2] * flip, atol=1e-12
        )


@pytest.mark.parametrize("side", ["left", "right"])
def test_directions_are_what_slices_are_scattered_around(side: Side) -> None:
    map_ = volumes(side)
    options = PhantomOptions(side=side, health="healthy")
    protocol, shoulder = draw_scan(options, np.random.default_rng(SEED))
    scene = build_scene(shoulder, options.glenoid_depth_mm, whole=False)
    for plane, rows in map_.directions.items():
        np.testing.assert_allclose(rows @ rows.T, np.eye(3), atol=1e-12)
        rng = np.random.default_rng(0)
        planned = [
            plan_grid(
                replace(protocol, plane=plane),
                scene.frames,
                mirrored=scene.mirrored,
                joint_mm=scene.joint_mm,
                rng=rng,
            )
            for _ in range(200)
        ]
        steps = np.array([grid.axes_mm() / np.array(grid.spacing_mm)[:, None] for grid in planned])
        turned = np.degrees(np.arccos((steps * rows).sum(axis=-1).clip(-1, 1)))
        assert turned.max() < 25
        mean = steps.mean(axis=0)
        mean /= np.linalg.norm(mean, axis=1, keepdims=True)
        assert np.degrees(np.arccos((mean * rows).sum(axis=1).clip(-1, 1))).max() < 1.5
    # Rows run to the feet in coronal and sagittal slices and to the back in axial ones.
    assert map_.directions["coronal"][1] @ [0, 0, -1] > 0.9
    assert map_.directions["sagittal"][1] @ [0, 0, -1] > 0.9
    assert map_.directions["axial"][1] @ [0, 1, 0] == 1


def test_a_generator_in_the_same_state_gives_the_shoulder_of_the_images() -> None:
    options = PhantomOptions(shape=(1, 8, 8), spacing_mm=(4, 8, 8))
    case = make_case(options, np.random.default_rng(2))
    map_ = make_partial_volumes(options, np.random.default_rng(2), spacing_mm=30.0)
    assert map_.side == case.parameters["dimensions"]["side"]
    middle = np.array(case.measurements["landmarks_lps_mm"]["glenoid_middle"])
    assert np.linalg.norm(middle - map_.joint_mm) < 8


def test_a_chip_is_no_joint() -> None:
    share = np.zeros((9, 9, 20), np.uint8)
    share[2:7, 2:7, 1:6] = 255
    share[4, 4, 10:12] = 200
    share[4, 4, 12] = 90
    kept = only_joint_piece(share)
    np.testing.assert_array_equal(kept[..., :8], share[..., :8])
    assert not kept[..., 8:].any()


@pytest.mark.parametrize("spacing_mm", [0.0, -1.0, 100.0])
def test_voxels_that_do_not_fit_are_refused(spacing_mm: float) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        make_partial_volumes(
            PhantomOptions(), np.random.default_rng(0), spacing_mm=spacing_mm, side_mm=100.0
        )


def test_the_file_says_all_that_training_needs(tmp_path: Path) -> None:
    map_ = volumes("right")
    again = make_partial_volumes(
        PhantomOptions(side="right", health="healthy"),
        np.random.default_rng(SEED),
        spacing_mm=SPACING_MM,
        side_mm=SIDE_MM,
        workers=1,
    )
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    write_partial_volumes(first, map_)
    write_partial_volumes(second, again)
    assert first.read_bytes() == second.read_bytes()
    with safe_open(first, framework="numpy") as file:
        metadata: dict[str, str] = file.metadata()
        for name in ("materials", "shares", "bones"):
            np.testing.assert_array_equal(file.get_tensor(name), getattr(map_, name))
    assert metadata["format"] == "shoulderseg partial volumes 1"
    assert metadata["side"] == "right"
    read: dict[str, Any] = {
        name: json.loads(text) for name, text in metadata.items() if name not in ("format", "side")
    }
    assert read["spacing_mm"] == SPACING_MM
    assert tuple(read["origin_mm"]) == map_.origin_mm
    assert tuple(read["joint_mm"]) == map_.joint_mm
    assert read["structures"]["11"] == "humerus_marrow"
    np.testing.assert_array_equal(read["directions"]["sagittal"], map_.directions["sagittal"])
    assert set(read["composition"]) == {str(int(part)) for part in COMPOSITION}
    yellow, red = read["composition"]["11"]
    assert yellow["share"] + red["share"] == pytest.approx(1)
    assert red["share"] == pytest.approx(map_.second_shares[Structure.HUMERUS_MARROW])
    assert 0 < red["share"] < 0.9
    table = relaxation(read["composition_field_t"])
    assert red["material"] == "red_marrow"
    assert red["t1_ms"] == table.t1_ms[Material.RED_MARROW]
    assert red["fat_density"] == table.fat_density[Material.RED_MARROW]
