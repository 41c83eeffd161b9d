"""Head and glenoid of a real person's bones: measured on voxels, and fitted on the mesh itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import trimesh
from scipy.optimize import least_squares
from scipy.spatial import cKDTree
from skimage.draw import polygon2mask

from shoulderseg.morphometry.bone import take_bone
from shoulderseg.morphometry.head import find_head
from tests.morphometry.made_shoulder import Floats, Mask

BONES = Path(__file__).parents[3] / "shared" / "data" / "bone_meshes_bodyparts3d"
STEP = 0.5
# To LPS: the files have x to lateral of a right shoulder, y to the front.
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

pytestmark = pytest.mark.skipif(not BONES.is_dir(), reason=f"no real bones at {BONES}")


def mesh_of(name: str) -> trimesh.Trimesh:
    mesh = trimesh.load(BONES / name, force="mesh")
    assert isinstance(mesh, trimesh.Trimesh)
    mesh.apply_transform(LPS)
    return mesh


def voxels_of(mesh: trimesh.Trimesh, low: Floats, count: npt.NDArray[np.int64]) -> Mask:
    """Fills the outlines of the mesh in each slice; `count` is (x, y, z)."""
    mask = np.zeros(count[::-1], np.bool_)
    for number, layer in enumerate(mask):
        height = [0, 0, low[2] + number * STEP + 1e-4]
        section = mesh.section(plane_origin=height, plane_normal=[0, 0, 1])
        for path in [] if section is None else section.discrete:
            places = (path[:, 1::-1] - low[1::-1]) / STEP
            layer ^= polygon2mask(layer.shape, places)
    return mask


def geometric_sphere(points: Floats, centre: Floats, radius: float) -> float:
    """Radius of the sphere with the least squared distances, from a start."""

    def off(unknown: Floats) -> Floats:
        far: Floats = np.linalg.norm(points - unknown[:3], axis=1) - unknown[3]
        return far

    found = least_squares(off, [*centre, radius], loss="soft_l1", f_scale=0.5)
    return float(found.x[3])


def test_the_heads_radius_is_that_of_the_mesh() -> None:
    humerus, scapula = mesh_of("humerus_raw.stl"), mesh_of("scapula_raw.stl")
    # About the joint: the head, and what of the scapula lies within 32 mm of where they meet.
    apart = np.asarray(cKDTree(humerus.vertices).query(scapula.vertices)[0])
    near = scapula.vertices[apart.argsort()[:300]]
    joint = np.asarray(near.mean(axis=0), np.float64)
    low, high = joint - 50, joint + 50
    count = np.ceil((high - low) / STEP).astype(np.int64)
    affine = np.eye(4)
    affine[:3, :3] = STEP * np.eye(3)[:, ::-1]
    affine[:3, 3] = low
    glenoid = voxels_of(scapula, low, count)
    places = np.argwhere(glenoid) @ affine[:3, :3].T + low
    far = places[np.linalg.norm(places - joint, axis=1) > 32]
    index = np.rint((far - low)[:, ::-1] / STEP).astype(int)
    glenoid[tuple(index.T)] = False
    bones = [take_bone(mask, affine) for mask in (voxels_of(humerus, low, count), glenoid)]
    assert bones[0] is not None
    assert bones[1] is not None

    head = find_head(bones[0], bones[1])

    away = humerus.vertices - head.centre_mm
    distance = np.linalg.norm(away, axis=1)
    cap = (np.abs(distance - head.radius_mm) < 3) & (away @ head.axis > 0.5 * distance)
    points = np.asarray(humerus.vertices[cap], np.float64)
    assert len(points) > 500
    assert head.radius_mm == pytest.approx(
        geometric_sphere(points, head.centre_mm, head.radius_mm), abs=0.5
    )
    assert head.residual_mm < 0.5
