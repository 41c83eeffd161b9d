"""How well shoulders cover each other when they are laid over one another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import distance_transform_edt

from benchmarks.ct_joint import Bones, Joint, Mask, turned_mask
from benchmarks.ct_shoulders import CT_LABELS, Phantom
from shoulderseg.evaluation.surface import surface_voxels

if TYPE_CHECKING:
    from collections.abc import Sequence

# Around the joint in its own axes: what is compared.
NEAR_MM = ((-45, 60), (-55, 55), (-55, 55))
REGION_MM, HEAD_REGION_MM = 30.0, 45.0


def overlaps_of(
    ct: dict[str, Bones], joints: dict[str, Joint], phantoms: Sequence[Phantom]
) -> dict[str, list[dict[str, float]]]:
    """Phantoms over each side of the CT, and the CT's right shoulder over its left one."""
    found = {
        f"phantoms over the CT's {side}": [
            _overlap(ct[side], joints[side], phantom.bones, phantom.joint) for phantom in phantoms
        ]
        for side in CT_LABELS
    }
    found["the CT's right over its left"] = [
        _overlap(ct["left"], joints["left"], ct["right"], joints["right"])
    ]
    if len(phantoms) > 1:
        first, *others = phantoms
        found["phantoms over a phantom"] = [
            _overlap(first.bones, first.joint, other.bones, other.joint) for other in others
        ]
    return found


def _overlap(fixed: Bones, joint: Joint, moved: Bones, own: Joint) -> dict[str, float]:
    scale = own.head_radius / joint.head_radius
    z, y, x = np.meshgrid(
        *(np.arange(low, high + 1.0) for low, high in NEAR_MM[::-1]), indexing="ij"
    )
    places = np.stack([x, y, z], axis=-1)
    away = np.ones(places.shape[:3], bool)
    sheet = (joint.surface - joint.middle) @ joint.axes.T - [low for low, _ in NEAR_MM]
    away[tuple(np.rint(sheet.T[::-1]).astype(int))] = False
    near = distance_transform_edt(away) <= REGION_MM
    near &= turned_mask(fixed.known, joint.middle, joint.axes, NEAR_MM)
    near &= turned_mask(moved.known, own.middle, scale * own.axes, NEAR_MM)
    found: dict[str, float] = {}
    for name in ("scapula", "humerus"):
        first = turned_mask(getattr(fixed, name), joint.middle, joint.axes, NEAR_MM)
        second = turned_mask(getattr(moved, name), own.middle, scale * own.axes, NEAR_MM)
        found |= _agreement(name, first, second, near)
    if not np.isnan(joint.shaft).any() and not np.isnan(own.shaft).any():
        near = np.linalg.norm(places, axis=-1) <= HEAD_REGION_MM
        near &= turned_mask(fixed.known, joint.head_centre, joint.shaft, NEAR_MM)
        near &= turned_mask(moved.known, own.head_centre, scale * own.shaft, NEAR_MM)
        first = turned_mask(fixed.humerus, joint.head_centre, joint.shaft, NEAR_MM)
        second = turned_mask(moved.humerus, own.head_centre, scale * own.shaft, NEAR_MM)
        found |= _agreement("humerus, own pose", first, second, near)
    return found


def _agreement(name: str, first: Mask, second: Mask, near: Mask) -> dict[str, float]:
    both = np.count_nonzero(first & second & near)
    sizes = np.count_nonzero(first & near) + np.count_nonzero(second & near)
    surfaces = surface_voxels(first), surface_voxels(second)
    distances = [
        distance_transform_edt(~there)[here & near] for here, there in (surfaces, surfaces[::-1])
    ]
    return {
        f"{name} Dice": 2 * both / sizes,
        f"{name} surface mm": float(np.concatenate(distances).mean()),
    }
