"""Lengths of a shoulder on its bone masks; `phantom_ct.py` says what each is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, distance_transform_edt, label
from scipy.spatial import cKDTree

from benchmarks.ct_joint import Bones, Floats, Joint, Mask, turned_mask, voxel_places
from shoulderseg.evaluation.surface import surface_voxels

# Around the joint in its own axes: the whole scapula, and the arm to 100 mm under the head.
ALIGNED_MM = ((-130, 65), (-65, 65), (-125, 60))


def measures(bones: Bones, joint: Joint) -> dict[str, float]:
    """Measures a shoulder.

    Args:
        bones: Its masks.
        joint: What was found of its joint.

    Returns:
        Lengths in mm; NaN where the image ends before the bone does.
    """
    humerus, scapula, known = (
        turned_mask(mask, joint.middle, joint.axes, ALIGNED_MM) for mask in bones
    )
    sheet = (joint.surface - joint.middle) @ joint.axes.T
    width, height = (np.ptp(sheet, axis=0) + 1)[1:]
    head = joint.axes @ (joint.head_centre - joint.middle)
    return {
        "head_radius_mm": joint.head_radius,
        "glenoid_height_mm": float(height),
        "glenoid_width_mm": float(width),
        "gap_mm": _gap(humerus, scapula),
        "closest_mm": _closest(bones),
        "neck_mm": _neck(scapula),
        "acromion_to_head_mm": _acromion_to_head(scapula, head, joint.head_radius),
        **_reach(scapula, known),
        "head_offset_mm": joint.offset,
        **{f"shaft_{down}_mm": _shaft_diameter(bones, joint, down) for down in (40, 50, 60)},
    }


def _along(axis: int) -> npt.NDArray[np.float64]:
    return np.arange(ALIGNED_MM[axis][0], ALIGNED_MM[axis][1] + 1, dtype=np.float64)


def _gap(humerus: Mask, scapula: Mask) -> float:
    z, y = np.meshgrid(_along(2), _along(1), indexing="ij")
    x = _along(0)
    middle = np.hypot(z, y) <= 8
    bone, head = scapula[middle][:, x <= 12], humerus[middle]
    both = bone.any(axis=1) & head.any(axis=1)
    last = bone.shape[1] - 1 - bone[both, ::-1].argmax(axis=1)
    return float(np.median(head[both].argmax(axis=1) - last - 1))


def _closest(bones: Bones) -> float:
    """Between the middles of the nearest voxels of the two bones, wherever that is."""
    humerus, scapula = (voxel_places(surface_voxels(mask)) for mask in bones[:2])
    return float(np.min(cKDTree(scapula).query(humerus)[0]))


def _neck(scapula: Mask) -> float:
    x, y, z = (_along(axis) for axis in range(3))
    plane = scapula[:, :, int(np.flatnonzero(x == -20)[0])]
    found = []
    for row in plane[np.abs(z) <= 6]:
        runs, count = label(row)
        if count:
            # The one behind the joint, not the acromion or the coracoid.
            nearest = runs[np.where(row, np.abs(y), np.inf).argmin()]
            found.append(int((runs == nearest).sum()))
    return float(np.median(found)) if found else float("nan")


def _acromion_to_head(scapula: Mask, head: Floats, radius: float) -> float:
    box = [low for low, _ in ALIGNED_MM]
    off = voxel_places(scapula) + box - head
    # Lateral of the upper rim and of the coracoid's root, behind the coracoid.
    above = (off > radius * np.array([-0.3, -0.5, 0.67])).all(axis=1)
    if not above.any():
        return float("nan")
    return float(np.linalg.norm(off[above], axis=1).min() - radius - 0.5)


def _reach(scapula: Mask, known: Mask) -> dict[str, float]:
    """How far the scapula goes in each direction; the coracoid's tip in all three."""
    beyond = distance_transform_edt(known)
    places = voxel_places(scapula)
    spots = places + [low for low, _ in ALIGNED_MM]
    x, y, z = spots.T

    def furthest(sign: int, lengths: Floats, among: Mask) -> float:
        number = int(np.argmax(np.where(among, sign * lengths, -np.inf)))
        column, row, level = places[number].astype(int)
        cut = beyond[level, row, column] <= 3
        return float("nan") if cut else float(sign * lengths[number])

    everything = np.ones(len(spots), bool)
    tip = spots[(x > -30) & (y < y[x > -30].min() + 3)].mean(axis=0)
    return {
        "medial_border_mm": furthest(-1, x, np.abs(z) <= 15),
        "acromion_lateral_mm": furthest(1, x, everything),
        "top_mm": furthest(1, z, x > -30),
        "acromion_posterior_mm": furthest(1, y, x > -30),
        "coracoid_anterior_mm": float(-tip[1]),
        "coracoid_lateral_mm": float(tip[0]),
        "coracoid_superior_mm": float(tip[2]),
        "inferior_angle_mm": furthest(-1, z, everything),
    }


def _shaft_diameter(bones: Bones, joint: Joint, down_mm: float) -> float:
    """Across the humerus, so far from the head's centre along the axis of the shaft."""
    if np.isnan(joint.shaft).any():
        return float("nan")
    place = joint.head_centre - down_mm * joint.shaft[2]
    flat = ((-25, 35), (-30, 30), (0, 0))
    section = turned_mask(bones.humerus, place, joint.shaft, flat)
    around = binary_dilation(section, np.ones((1, 5, 5), bool))
    if not section.any() or not turned_mask(bones.known, place, joint.shaft, flat)[around].all():
        return float("nan")
    return float(2 * np.sqrt(section.sum() / np.pi))
