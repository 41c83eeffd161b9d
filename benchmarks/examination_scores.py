"""How far an examination's bones and motions are from the true ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation
from skimage.measure import marching_cubes

from shoulderseg.refine.examination.align import still
from shoulderseg.refine.examination.member import Member, first_guess

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.examination.consensus import Consensus

    Floats = npt.NDArray[np.float64]

FINE_MM = 1.0


def motion_errors(consensus: Consensus, true: Sequence[Floats]) -> list[tuple[float, float]]:
    """Errors of the motions from the reference series to the others, in mm and degrees.

    Args:
        consensus: A bone.
        true: Its true motion in each series from a common place, (4, 4).
    """
    errors = []
    from_reference = np.linalg.inv(true[consensus.reference])
    for k, member in enumerate(consensus.members):
        if member.reason or member.motion is None or k == consensus.reference:
            continue
        wanted = true[k] @ from_reference
        motion = member.motion
        place = wanted[:3, :3] @ motion.centre_mm + wanted[:3, 3]
        away = np.linalg.norm(motion.apply(motion.centre_mm[None])[0] - place)
        turned = Rotation.from_rotvec(motion.turn).inv() * Rotation.from_matrix(wanted[:3, :3])
        errors.append((float(away), float(np.degrees(turned.magnitude()))))
    return errors


def model_errors(
    consensus: Consensus, true: Sequence[Floats], bones: Volume, value: int
) -> tuple[float, float]:
    """ASSD in mm of the fused bone, and of the best single series interpolated to a fine grid."""
    used = [(k, member) for k, member in enumerate(consensus.members) if not member.reason]
    truth = _surface((bones.array == value).astype(np.float64), 0.5, bones.spacing_mm[0])
    truth = truth + np.array(bones.origin_mm)
    field = consensus.bone
    if field is None:
        return float("nan"), float("nan")
    model = _surface(-field.distance_mm, 0.0, field.step_mm) + field.first_mm
    fused = _assd(model, _moved(truth, true[consensus.reference]), [m for _, m in used])
    single = []
    for k, member in used:
        alone = Member(member.slices, 1.0, still(member.slices.edge_mm.mean(axis=0)))
        guess = first_guess([alone]).resampled(FINE_MM)
        surface = _surface(-guess.distance_mm, 0.0, guess.step_mm) + guess.first_mm
        single.append(_assd(surface, _moved(truth, true[k]), [alone]))
    return fused, min(single)


def _surface(values: Floats, level: float, step_mm: float) -> Floats:
    """Corners of the surface, (x, y, z) in mm from the first voxel."""
    padded = np.pad(values, 1, constant_values=float(values.min()))
    corners = marching_cubes(padded, level)[0].astype(np.float64)
    placed: Floats = (corners - 1)[:, ::-1] * step_mm
    return placed


def _moved(points_mm: Floats, motion: Floats) -> Floats:
    moved: Floats = points_mm @ motion[:3, :3].T + motion[:3, 3]
    return moved


def _assd(first: Floats, second: Floats, seen_by: Sequence[Member]) -> float:
    """Mean of both mean distances, of corners where a series has slices."""
    distances = []
    for one, other in ((first, second), (second, first)):
        covered = np.zeros(len(one), np.bool_)
        for member in seen_by:
            if member.motion is not None:
                covered |= member.slices.shows(member.motion.apply(one))
        distances.append(np.mean(cKDTree(other).query(one[covered])[0]))
    return float(np.mean(distances))
