"""The shoulders that are compared: both of the CT, and phantoms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, binary_dilation

from benchmarks.ct_joint import Bones, Floats, Joint, Mask, find_joint
from shoulderseg.datasets.phantom.anatomy.glenoid import DEPTH_MM
from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene, draw_shoulder
from shoulderseg.datasets.phantom.grid import ScanGrid
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.painting import paint
from shoulderseg.datasets.phantom.scene import Scene
from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA
from shoulderseg.datasets.phantom.truth import true_measurements
from shoulderseg.datasets.reader import read_image, read_label_map

if TYPE_CHECKING:
    from collections.abc import Sequence

CT_LABELS = {"right": (1, 3), "left": (2, 4)}
# The lowest slices have no labels.
CT_FIRST_LABELLED = 5
BONE_HU = 200
# Around the joint, patient (X, Y, Z): the whole scapula, and the arm to 100 mm under the head.
BOX_MM = ((-140, 75), (-75, 100), (-130, 70))


class Phantom(NamedTuple):
    """A phantom with what is known of it."""

    scene: Scene
    bones: Bones
    joint: Joint
    stated: dict[str, float]


def ct_bones(folder: Path, side: str) -> Bones:
    """Reads one shoulder of the CT, trimmed where its labels run beyond bone."""
    labels = read_label_map(folder / "labels_auto_UNVERIFIED.nii.gz")
    soft = read_image(folder / "ct_hu.nii.gz").array < BONE_HU
    known = np.zeros(labels.array.shape, bool)
    known[CT_FIRST_LABELLED:] = True
    masks = [_trimmed(labels.array == value, soft) for value in CT_LABELS[side]]
    humerus, scapula, inside = (
        as_left(mask.astype(np.float32), labels.spacing_mm, side, 0.0) >= 0.5
        for mask in (*masks, known)
    )
    return Bones(humerus, scapula, inside)


def _trimmed(mask: Mask, soft: Mask) -> Mask:
    """Leaves out what is no bone at the edge, but not the marrow behind the cortex."""
    bone: Mask = ~binary_dilation(~mask, iterations=2, mask=~mask | soft)
    return bone


def as_left(
    array: npt.NDArray[np.float32], spacing_mm: tuple[float, float, float], side: str, fill: float
) -> npt.NDArray[np.float32]:
    """Brings an upright volume to 1 mm, and a right shoulder to the left."""
    shape = [int((size - 1) * step) + 1 for size, step in zip(array.shape, spacing_mm, strict=True)]
    turned = array[..., ::-1] if side == "right" else array
    steps = [1 / step for step in spacing_mm]
    fine: npt.NDArray[np.float32] = affine_transform(
        turned, steps, output_shape=tuple(shape), order=1, cval=fill
    )
    return fine


def paint_phantom(seed: int) -> Phantom:
    """Paints the bones of one phantom around its joint."""
    options = PhantomOptions(side="left", sex="female", health="healthy", whole_scapula=True)
    shoulder = draw_shoulder(options, np.random.default_rng(seed))
    scene = build_scene(shoulder, DEPTH_MM, whole=True)
    bony = scene._replace(
        layers=[layer for layer in scene.layers if layer.structure in HUMERUS | SCAPULA]
    )
    low, high = np.array(BOX_MM).T
    grid = grid_of(scene.joint_mm + low, np.eye(3), (high - low)[::-1] + 1)
    painted = paint(bony, grid, np.zeros((256, 2, 2), np.float32))
    humerus = painted.humerus >= 0.5
    bones = Bones(humerus, painted.glenoid >= 0.5, np.ones_like(humerus))
    stated = {
        name: value
        for name, value in true_measurements(scene, shoulder).items()
        if name in ("head_radius_mm", "glenoid_height_mm", "glenoid_width_mm")
    }
    return Phantom(scene, bones, find_joint(bones), stated)


def grid_of(origin_mm: Floats, axes: Floats, shape: Sequence[int]) -> ScanGrid:
    """Lays voxels of 1 mm along the rows of `axes`, from a corner in the patient."""
    z, y, x = (int(size) for size in shape)
    first, second, third = (float(value) for value in origin_mm)
    direction = tuple(float(value) for value in axes.T.ravel())
    return ScanGrid((z, y, x), (1.0, 1.0, 1.0), 1.0, (first, second, third), direction)
