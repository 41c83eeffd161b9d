"""A bone whose place, size and turn are known, seen in stacks of thick slices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from shoulderseg.refine.examination.samples import BoneSlices, bone_slices, to_mm

Floats = npt.NDArray[np.float64]
Inside = Callable[[Floats], Floats]

# A head on a shaft, which leans, so that no turn leaves it as it is.
HEAD_MM, HEAD_RADIUS_MM = np.array([4.0, -2.0, 20.0]), 22.0
SHAFT_RADIUS_MM = 10.0


def head_and_shaft(points_mm: Floats) -> Floats:
    """Signed distance, about, negative inside; (n, 3) to (n,)."""
    head = np.linalg.norm(points_mm - HEAD_MM, axis=1) - HEAD_RADIUS_MM
    side = points_mm - np.array([-8.0, 0.0, 0.0])
    shaft = np.hypot(side[:, 0], side[:, 1]) - SHAFT_RADIUS_MM
    shaft = np.maximum(shaft, np.maximum(points_mm[:, 2] - 20, -points_mm[:, 2] - 45))
    knob = np.linalg.norm(points_mm - np.array([-18.0, 14.0, 22.0]), axis=1) - 9.0
    result: Floats = np.minimum(np.minimum(head, shaft), knob)
    return result


def ball(points_mm: Floats) -> Floats:
    """A ball of 20 mm about the origin."""
    result: Floats = np.linalg.norm(points_mm, axis=1) - 20.0
    return result


def stack(bone: Inside, plane: str, **how: Any) -> BoneSlices:  # noqa: ANN401
    """What `scanned` gives of the bone, slice by slice."""
    return bone_slices(*scanned(bone, plane, **how))


def scanned(
    bone: Inside,
    plane: str,
    slice_mm: float = 4.0,
    pixel_mm: tuple[float, float] = (0.7, 0.9),
    turn_deg: tuple[float, float, float] = (0, 0, 0),
    shift_mm: tuple[float, float, float] = (0, 0, 0),
    extent_mm: float = 100.0,
    tilt_deg: float = 8.0,
) -> tuple[npt.NDArray[np.float32], Floats]:
    """The bone, turned about the origin and shifted, in a stack of slices oblique by `tilt_deg`.

    Probability, slices first, and affine.
    """
    across, down, along = {
        "axial": ((0, 0, 1), (0, 1, 0), (1, 0, 0)),
        "coronal": ((0, 1, 0), (0, 0, -1), (1, 0, 0)),
        "sagittal": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    }[plane]
    tilt = Rotation.from_rotvec([tilt_deg, 0.5 * tilt_deg, 0], degrees=True).as_matrix()
    axes = tilt @ np.array([across, down, along], np.float64).T
    steps = np.array([slice_mm, *pixel_mm])
    count = np.round(extent_mm / steps).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = axes * steps
    affine[:3, 3] = -affine[:3, :3] @ (count - 1) / 2
    index = np.indices(tuple(count.tolist())).reshape(3, -1).T.astype(np.float64)
    turned = Rotation.from_rotvec(turn_deg, degrees=True)
    places = turned.inv().apply(to_mm(affine, index) - np.array(shift_mm))
    inside = 1 / (1 + np.exp(np.clip(bone(places) / 0.3, -30, 30)))
    return inside.reshape(count).astype(np.float32), affine
