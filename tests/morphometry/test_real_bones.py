"""Heads and a glenoid of real persons' bones: measured on voxels, and fitted on the mesh itself."""

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
from shoulderseg.morphometry.glenoid import Face, find_face
from shoulderseg.morphometry.head import Head, find_head, neck_shaft_angle_deg
from shoulderseg.morphometry.shaft import find_shaft
from tests.morphometry.made_shoulder import Floats, Mask

DATA = Path(__file__).parents[3] / "shared" / "data"
BONES, OTHERS = DATA / "bone_meshes_bodyparts3d", DATA / "bone_meshes_humerus_ccby"
STEP = 0.5
# To LPS: the files have x to lateral of a right shoulder, y to the front.
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

pytestmark = pytest.mark.skipif(not BONES.is_dir(), reason=f"no real bones at {BONES}")


def mesh_of(name: str) -> trimesh.Trimesh:
    mesh = trimesh.load(BONES / name, force="mesh")
    assert isinstance(mesh, trimesh.Trimesh)
    mesh.apply_transform(LPS)
    return mesh


def voxels_of(
    mesh: trimesh.Trimesh, low: Floats, count: npt.NDArray[np.int64], step: float = STEP
) -> Mask:
    """Fills the outlines of the mesh in each slice; `count` is (x, y, z)."""
    mask = np.zeros(count[::-1], np.bool_)
    for number, layer in enumerate(mask):
        height = [0, 0, low[2] + number * step + 1e-4]
        section = mesh.section(plane_origin=height, plane_normal=[0, 0, 1])
        for path in [] if section is None else section.discrete:
            places = (path[:, 1::-1] - low[1::-1]) / step
            layer ^= polygon2mask(layer.shape, places)
    return mask


def geometric_sphere(points: Floats, centre: Floats, radius: float) -> float:
    """Radius of the sphere nearest to the points, single ones aside, from a start."""

    def off(unknown: Floats) -> Floats:
        far: Floats = np.linalg.norm(points - unknown[:3], axis=1) - unknown[3]
        return far

    found = least_squares(off, [*centre, radius], loss="soft_l1", f_scale=0.5)
    return float(found.x[3])


def sphere_of_mesh(mesh: trimesh.Trimesh, head: Head) -> float:
    """Radius of the sphere nearest to the mesh in the cone of 75 degrees about the head's axis."""
    points, _ = trimesh.sample.sample_surface_even(mesh, 40_000, seed=1)
    away = np.asarray(points, np.float64) - head.centre_mm
    far = np.linalg.norm(away, axis=1)
    cap = (np.abs(far - head.radius_mm) < 3) & (away @ head.axis > np.cos(np.radians(75)) * far)
    assert np.count_nonzero(cap) > 500
    return geometric_sphere(away[cap] + head.centre_mm, head.centre_mm, head.radius_mm)


def affine_at(low: Floats, step: float = STEP) -> Floats:
    affine = np.eye(4)
    affine[:3, :3] = step * np.eye(3)[:, ::-1]
    affine[:3, 3] = low
    return affine


def block_before(humerus: Mask, affine: Floats, centre: Floats, axis: Floats) -> Mask:
    """A block before the head, in the place of a glenoid, which only tells where the joint is."""
    index = np.moveaxis(np.indices(humerus.shape), 0, -1)
    off = index @ affine[:3, :3].T + affine[:3, 3] - centre
    ahead = off @ axis
    aside = np.linalg.norm(off - ahead[..., None] * axis, axis=-1)
    block: Mask = (ahead > 29) & (ahead < 44) & (aside < 13) & ~humerus
    return block


@pytest.fixture(scope="module")
def joint() -> tuple[Head, Face]:
    """BodyParts3D on voxels of 0.5 mm: what of the scapula lies within 32 mm of the joint."""
    humerus, scapula = mesh_of("humerus_raw.stl"), mesh_of("scapula_raw.stl")
    apart = np.asarray(cKDTree(humerus.vertices).query(scapula.vertices)[0])
    middle = np.asarray(scapula.vertices[apart.argsort()[:300]].mean(axis=0), np.float64)
    low, high = middle - 50, middle + 50
    count = np.ceil((high - low) / STEP).astype(np.int64)
    affine = affine_at(low)
    glenoid = voxels_of(scapula, low, count)
    index = np.argwhere(glenoid)
    far = index[np.linalg.norm(index @ affine[:3, :3].T + low - middle, axis=1) > 32]
    glenoid[tuple(far.T)] = False
    bones = [take_bone(mask, affine) for mask in (voxels_of(humerus, low, count), glenoid)]
    assert bones[0] is not None
    assert bones[1] is not None
    head = find_head(bones[0], bones[1])
    return head, find_face(bones[1], head)


def test_the_heads_radius_is_that_of_the_mesh(joint: tuple[Head, Face]) -> None:
    head, _ = joint

    assert head.radius_mm == pytest.approx(
        sphere_of_mesh(mesh_of("humerus_raw.stl"), head), abs=0.5
    )
    assert head.residual_mm < 0.5


def test_the_glenoids_height_and_width_are_those_of_the_mesh(joint: tuple[Head, Face]) -> None:
    _, face = joint
    mesh = mesh_of("scapula_raw.stl")
    # It was made from voxels of 1 mm, whose steps look in all directions.
    trimesh.smoothing.filter_taubin(mesh, iterations=20)
    off = mesh.triangles_center - face.middle_mm
    # Where it turns away by more than 37 degrees the face has ended.
    facing = (mesh.face_normals @ face.normal > 0.8) & (np.linalg.norm(off, axis=1) < 32)
    facing &= np.abs(off @ face.normal) < 6
    part = mesh.submesh([np.flatnonzero(facing)], append=True)
    assert isinstance(part, trimesh.Trimesh)
    pieces = part.split(only_watertight=False)
    largest = max(pieces, key=lambda piece: len(piece.faces))
    vertices = np.asarray(largest.vertices, np.float64)

    assert face.height_mm == pytest.approx(float(np.ptp(vertices @ face.superior)), abs=0.5)
    assert face.width_mm == pytest.approx(float(np.ptp(vertices @ face.anterior)), abs=0.5)


@pytest.mark.skipif(not OTHERS.is_dir(), reason=f"no real humeri at {OTHERS}")
@pytest.mark.parametrize(
    ("file", "centre", "towards"),
    [
        ("O35_M_humerus_source.stl", (-112.5, -170.5, -116.0), (0.46, 0.36, 0.81)),
        ("U35_F_humerus_partial_target.stl", (-132.5, -123.0, -311.5), (0.22, 0.59, 0.78)),
    ],
)
def test_heads_of_two_persons_who_left_no_scapula(
    file: str, centre: tuple[float, ...], towards: tuple[float, ...]
) -> None:
    mesh = trimesh.load(OTHERS / file, force="mesh")
    assert isinstance(mesh, trimesh.Trimesh)
    axis = np.array(towards) / np.linalg.norm(towards)
    low = np.floor(np.array(centre) - 48)
    count = np.full(3, int(96 / STEP))
    affine = affine_at(low)
    humerus = voxels_of(mesh, low, count)
    block = block_before(humerus, affine, np.array(centre), axis)
    bones = [take_bone(mask, affine) for mask in (humerus, block)]
    assert bones[0] is not None
    assert bones[1] is not None

    head = find_head(bones[0], bones[1])

    assert head.radius_mm == pytest.approx(sphere_of_mesh(mesh, head), abs=0.5)
    assert head.residual_mm < 0.5


@pytest.mark.skipif(not OTHERS.is_dir(), reason=f"no real humeri at {OTHERS}")
@pytest.mark.parametrize(
    ("file", "centre", "towards"),
    [
        (OTHERS / "O35_M_humerus_source.stl", (-112.5, -170.5, -116.0), (0.46, 0.36, 0.81)),
        (
            OTHERS / "U35_F_humerus_partial_target.stl",
            (-132.5, -123.0, -311.5),
            (0.22, 0.59, 0.78),
        ),
        (
            BONES / "humerus_full_uncropped_commit0763881.stl",
            (-15.0, -1.0, -9.0),
            (0.6, 0.2, 0.7),
        ),
    ],
)
def test_the_necks_of_three_persons_stand_as_necks_do(
    file: Path, centre: tuple[float, ...], towards: tuple[float, ...]
) -> None:
    mesh = trimesh.load(file, force="mesh")
    assert isinstance(mesh, trimesh.Trimesh)
    if file.parent == BONES:
        mesh.apply_transform(LPS)
    axis = np.array(towards) / np.linalg.norm(towards)
    low = np.floor(np.maximum(mesh.bounds[0] - 4, np.array(centre) - 150))
    count = np.ceil(np.minimum(mesh.bounds[1] + 4, np.array(centre) + 150) - low).astype(np.int64)
    affine = affine_at(low, 1.0)
    humerus = voxels_of(mesh, low, count, 1.0)
    block = block_before(humerus, affine, np.array(centre), axis)
    bones = [take_bone(mask, affine) for mask in (humerus, block)]
    assert bones[0] is not None
    assert bones[1] is not None

    head = find_head(bones[0], bones[1])
    angle = neck_shaft_angle_deg(head, find_shaft(bones[0], head).up)

    # Published: means of 136 to 138 degrees, standard deviation 5.
    assert 125 < angle < 150
