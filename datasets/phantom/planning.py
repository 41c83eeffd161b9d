"""Lays the slices of a protocol through a shoulder, as a technician would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from shoulderseg.datasets.phantom.frames import turn
from shoulderseg.datasets.phantom.grid import ScanGrid

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from shoulderseg.datasets.phantom.frames import Frame, FrameName
    from shoulderseg.datasets.phantom.scanner.protocol import Plane, Protocol

# Middle of the field of view from the joint, in the frame of the plane's image axes: towards the
# body's middle, towards the feet, and across the slices; and how much it varies.
_OFF_CENTRE_MM: dict[Plane, tuple[float, float, float]] = {
    "coronal": (6.0, 6.0, 4.0),
    "isotropic": (4.0, 6.0, 4.0),
    "axial": (6.0, 2.0, 4.0),
    # Towards the back; where the stack begins is drawn.
    "sagittal": (0.0, 6.0, 0.0),
}
_UP = np.array([0.0, 0.0, 1.0])
_FLIP = np.array([-1.0, 1.0, 1.0])
# The axes of the body about which slices are tilted.
_TILTED_ABOUT: dict[Plane, tuple[Literal["x", "y", "z"], Literal["x", "y", "z"]]] = {
    "coronal": ("z", "x"),
    "isotropic": ("z", "x"),
    "axial": ("x", "y"),
    "sagittal": ("z", "y"),
}
# How far coronal slices are turned from the scapula towards the supraspinatus tendon, on average.
_TURN_DEG: dict[Plane, float] = {"coronal": -3.0, "isotropic": -3.0}
# The middle of both bones' joint ends lies beside the glenoid's surface.
_JOINT_TO_MIDDLE_MM = 14.0
# Share of a sagittal stack that lies on the body's side of the joint: such stacks run from the
# deltoid to the glenoid or, some, on to where the blade forks.
MEDIAL_SHARE = (0.12, 0.45)
_USUAL_VIEW_MM = 165.0
_SCATTER_MM = (9.0, 9.0, 3.0)


def plan_grid(
    protocol: Protocol,
    frames: Mapping[FrameName, Frame],
    *,
    mirrored: bool,
    joint_mm: npt.NDArray[np.float64],
    rng: np.random.Generator,
) -> ScanGrid:
    """Places the slices.

    Coronal slices follow the scapula, sagittal ones the joint surface; both are somewhat off, and
    coronal ones tend to be turned further, along the supraspinatus tendon. Sagittal stacks begin
    beyond the head and end between the glenoid and the fork of the scapula. Images show what a
    radiologist expects: feet down in coronal and sagittal slices, the front to the left in
    sagittal ones and up in axial ones, the patient's right to the left otherwise.

    Args:
        protocol: Size and spacing of the slices.
        frames: The frames of the shoulder.
        mirrored: True for a right shoulder.
        joint_mm: Middle of the joint surface in the patient, LPS, shape (3,).
        rng: Source of the imprecision.

    Returns:
        The grid, in LPS.
    """
    axes = _image_axes(protocol.plane, frames, rng)
    middle = _middle_mm(protocol, axes, frames, rng)
    if mirrored:
        axes, middle = _mirrored_axes(axes, protocol.plane), middle * _FLIP
    half = (np.array(protocol.shape[::-1]) - 1) / 2 * np.array(protocol.spacing_mm[::-1])
    origin = joint_mm + middle - axes @ half
    return ScanGrid(
        protocol.shape,
        protocol.spacing_mm,
        protocol.thickness_mm,
        (float(origin[0]), float(origin[1]), float(origin[2])),
        tuple(float(value) for value in axes.ravel()),
    )


def _middle_mm(
    protocol: Protocol,
    axes: npt.NDArray[np.float64],
    frames: Mapping[FrameName, Frame],
    rng: np.random.Generator,
) -> npt.NDArray[np.float64]:
    """Middle of a left shoulder's slices from the joint, body axes, shape (3,)."""
    # The larger the field of view, the less exactly it is laid.
    view_mm = float(np.min(np.multiply(protocol.shape[1:], protocol.spacing_mm[1:])))
    loose = max(1.0, view_mm / _USUAL_VIEW_MM)
    scatter_mm = np.multiply(_SCATTER_MM, (loose, loose, 1.0))
    lateral, down, across = _OFF_CENTRE_MM[protocol.plane] + rng.normal(0, scatter_mm)
    # Off-centre lengths point to the body's middle, to the feet, and along the slices.
    outwards = frames["scapula"].axes[:, 0]
    middle: npt.NDArray[np.float64]
    if protocol.plane == "sagittal":
        reach_mm = protocol.shape[0] * protocol.spacing_mm[0]
        beyond = axes[:, 2] * np.sign(axes[:, 2] @ outwards)
        middle = beyond * reach_mm * (0.5 - rng.uniform(*MEDIAL_SHARE)) - _UP * down
        middle += axes[:, 0] * lateral
    else:
        middle = outwards * (_JOINT_TO_MIDDLE_MM - lateral) - _UP * down + axes[:, 2] * across
    return middle


def prescribed_axes(
    plane: Plane, frames: Mapping[FrameName, Frame], *, mirrored: bool
) -> npt.NDArray[np.float64]:
    """Gives the directions of a plane's slices as they are meant, without a technician's scatter.

    Args:
        plane: Slice orientation.
        frames: The frames of the shoulder.
        mirrored: True for a right shoulder.

    Returns:
        Unit vectors in LPS as rows: across the slices, down the rows, along the columns; (3, 3).
    """
    axes = _tilt(plane, _TURN_DEG.get(plane, 0.0), 0.0) @ _untilted_axes(plane, frames)
    if mirrored:
        axes = _mirrored_axes(axes, plane)
    # No zeros with a minus.
    rows: npt.NDArray[np.float64] = axes.T[::-1] + 0.0
    return rows


def _mirrored_axes(axes: npt.NDArray[np.float64], plane: Plane) -> npt.NDArray[np.float64]:
    """Image axes of a left shoulder's slices, as columns, into those of a right one."""
    axes = axes * _FLIP[:, None]
    if plane != "sagittal":
        axes[:, 0] *= -1
    axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    return axes


def _image_axes(
    plane: Plane, frames: Mapping[FrameName, Frame], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Image x, y and slice axes as columns, body frame of a left shoulder, (3, 3)."""
    if plane == "axial":
        tilt = _tilt(plane, rng.normal(0, 4), rng.normal(0, 4))
    elif plane == "sagittal":
        tilt = _tilt(plane, rng.normal(0, 6), rng.normal(0, 3))
    else:
        turned = float(np.clip(rng.normal(_TURN_DEG[plane], 7), -12, 8))
        tilt = _tilt(plane, turned, rng.normal(0, 1.5))
    axes: npt.NDArray[np.float64] = tilt @ _untilted_axes(plane, frames)
    return axes


def _tilt(plane: Plane, first_deg: float, second_deg: float) -> npt.NDArray[np.float64]:
    first, second = _TILTED_ABOUT[plane]
    tilt: npt.NDArray[np.float64] = turn(first, first_deg) @ turn(second, second_deg)
    return tilt


def _untilted_axes(plane: Plane, frames: Mapping[FrameName, Frame]) -> npt.NDArray[np.float64]:
    """Image axes along the body, the scapula or the joint surface, as `_image_axes` has them."""
    if plane == "axial":
        return np.eye(3)
    lateral = frames["scapula" if plane != "sagittal" else "glenoid"].axes[:, 0]
    level = np.array([lateral[0], lateral[1], 0.0])
    level /= np.linalg.norm(level)
    shaft = -frames["humerus"].axes[:, 2]
    # Coronal slices are tilted to keep the shaft in view, where the arm hangs.
    hangs = shaft @ _UP < -0.5
    down = shaft - 0.1 * _UP if plane != "sagittal" and hangs else -_UP
    down -= level * (level @ down)
    down /= np.linalg.norm(down)
    if plane == "sagittal":
        behind = np.cross(_UP, level)
        return np.stack([behind, down, np.cross(behind, down)], axis=1)
    return np.stack([level, down, np.cross(level, down)], axis=1)
