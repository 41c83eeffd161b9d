"""Draws the slices that are cut: plane, tilt, place, thickness, turn, scale, mirror and warp."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.draws import (
    chance,
    device_generator,
    normal,
    smooth_field,
    uniform,
    whole,
)
from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase
from shoulderseg.nnunet_ext.synthesis.slab import Slab, slice_profile
from shoulderseg.nnunet_ext.synthesis.variation import CutVariation
from shoulderseg.nnunet_ext.synthesis.volumes import PLANES

# Nodes of a warp over the patch.
_WARP_NODES = (4, 8)
# Less room than this between a bone's end and the map's is none.
_LEAST_ROOM_MM = 2.0
_FLAT = 1e-9


def draw_slab(
    case: ResidentCase,
    patch: tuple[tuple[int, int], tuple[float, float]],
    bones: Sequence[int],
    variation: CutVariation,
    generator: torch.Generator,
) -> Slab:
    """Draws a slice of a shoulder.

    Args:
        case: The shoulder's map.
        patch: Rows and columns, and the millimetres from one to the next.
        bones: Which of humerus (0) and glenoid (1) are learned.
        variation: How far slices vary.
        generator: On the CPU.

    Returns:
        The slice; its warp lies on the map's device.
    """
    shape, spacing_mm = patch
    axes = _axes(case, variation, generator)
    offsets, weights = slice_profile(
        uniform(*variation.thickness_mm, generator), uniform(0, variation.profile_edge, generator)
    )
    scale = math.exp(normal(0, variation.scale, generator))
    stretch = math.exp(normal(0, variation.stretch, generator))
    warp = None
    if chance(variation.warped_share, generator):
        nodes = whole(*_WARP_NODES, generator)
        deviation = uniform(0, variation.warp_mm, generator)
        field_generator = device_generator(case.ids.device, generator)
        shifts = [smooth_field(shape, nodes, field_generator) for _ in range(2)]
        warp = deviation * torch.stack(shifts)
    return Slab(
        centre_mm=_centre(case, axes, bones, variation, generator),
        axes=axes,
        offsets_mm=offsets,
        weights=weights,
        pixel_mm=(spacing_mm[0] * scale * stretch, spacing_mm[1] * scale / stretch),
        warp_mm=warp,
    )


def turned(axes: Tensor, about: Tensor, angle_rad: float) -> Tensor:
    """Turns axes (rows) about a unit vector, by Rodrigues' formula.

    Args:
        axes: Vectors as rows, (n, 3).
        about: Unit vector, (3,).
        angle_rad: Counted as the right hand's fingers point.

    Returns:
        The turned vectors, (n, 3).
    """
    along = (axes @ about)[:, None] * about
    crossed: Tensor = torch.linalg.cross(about.expand_as(axes), axes)
    return along + (axes - along) * math.cos(angle_rad) + crossed * math.sin(angle_rad)


def _axes(case: ResidentCase, variation: CutVariation, generator: torch.Generator) -> Tensor:
    axes = case.directions[PLANES[whole(0, len(PLANES) - 1, generator)]]
    # Tilted about a line within the slice, then turned about its normal.
    direction = uniform(0, 2 * math.pi, generator)
    about = math.cos(direction) * axes[1] + math.sin(direction) * axes[2]
    if chance(variation.free_share, generator):
        angle = uniform(*variation.free_tilt_rad, generator)
    else:
        angle = normal(0, variation.tilt_rad, generator)
    axes = turned(axes, about, angle)
    if chance(variation.turned_share, generator):
        axes = turned(axes, axes[0].clone(), uniform(*variation.turn_rad, generator))
    if chance(variation.mirrored_share, generator):
        axes = axes * torch.tensor([[1.0], [1.0], [-1.0]], dtype=axes.dtype)
    return axes


def _centre(
    case: ResidentCase,
    axes: Tensor,
    bones: Sequence[int],
    variation: CutVariation,
    generator: torch.Generator,
) -> Tensor:
    """Middle of a slice: through a bone, just beyond both, or anywhere around the joint."""
    own = torch.cat([case.places_mm[bone] for bone in bones])
    others = [places for bone, places in enumerate(case.places_mm) if bone not in bones]
    other = torch.cat(others) if others else own
    drawn, shares = uniform(0, 1, generator), (variation.on_bone_share, variation.other_bone_share)
    if drawn < sum(shares):
        places = own if drawn < shares[0] else other
        aim = _through(places, case, axes, generator) if len(places) else None
    elif drawn < sum(shares) + variation.beyond_share:
        aim = _beyond(case, axes, variation, generator)
    else:
        aim = None
    if aim is None:
        aim = case.joint_mm + axes[0] * uniform(-variation.reach_mm, variation.reach_mm, generator)
    for axis in (1, 2):
        off = uniform(-variation.off_centre_mm, variation.off_centre_mm, generator)
        aim = aim + axes[axis] * off
    return aim


def _through(
    places: Tensor, case: ResidentCase, axes: Tensor, generator: torch.Generator
) -> Tensor:
    """Middle of a slice through a bone."""
    place = places[whole(0, len(places) - 1, generator)]
    # Between the joint, which is in the middle of most scans, and the bone.
    aim = case.joint_mm + uniform(0, 1, generator) * (place - case.joint_mm)
    through: Tensor = aim + axes[0] * ((place - aim) @ axes[0])
    return through


def _beyond(
    case: ResidentCase, axes: Tensor, variation: CutVariation, generator: torch.Generator
) -> Tensor | None:
    """Middle of a slice beyond one end of both bones; None where they go on to the map's end."""
    across = (torch.cat(case.places_mm) - case.joint_mm) @ axes[0]
    if not len(across):
        return None
    first, last = _inside_map(case, axes[0])
    low, high = float(across.min()), float(across.max())
    rooms = [(low, max(first, low - variation.beyond_mm))]
    rooms.append((high, min(last, high + variation.beyond_mm)))
    possible = [room for room in rooms if abs(room[1]) > abs(room[0]) + _LEAST_ROOM_MM]
    if not possible:
        return None
    place, out = possible[whole(0, len(possible) - 1, generator)]
    middle: Tensor = case.joint_mm + axes[0] * (place + uniform(0, 1, generator) * (out - place))
    return middle


def _inside_map(case: ResidentCase, direction: Tensor) -> tuple[float, float]:
    """From where to where a line through the joint lies within the map, from the joint."""
    # Array axes are z, y, x; places are x, y, z.
    size = torch.tensor(case.shape[::-1], dtype=torch.float64) - 1
    low = case.origin_mm - case.joint_mm
    high = low + size * case.spacing_mm
    along = direction.abs() > _FLAT
    ends = torch.stack([low, high])[:, along] / direction[along]
    return float(ends.min(dim=0).values.max()), float(ends.max(dim=0).values.min())
