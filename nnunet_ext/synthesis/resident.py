"""Keeps partial volume maps in a device's memory, packed for cutting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from shoulderseg.nnunet_ext.synthesis.tissues import Tissues, gather_tissues
from shoulderseg.nnunet_ext.synthesis.volumes import FULL, PartialVolumes

HUMERUS, GLENOID = 0, 1
# Voxels of each bone that slices are drawn through; enough to reach all of it.
_PLACES = 4000
# The head lies so near to the joint, the shaft does not.
_HEAD_REACH_MM = 45.0


@dataclass(frozen=True, eq=False)
class ResidentCase:
    """A map on its device.

    Attributes:
        ids: The structures of each voxel, a byte each, and the humerus' share in the highest byte;
            (Z * Y * X,), int32.
        shares: Their shares in 255ths, and the glenoid's share in the highest byte; as `ids`.
        shape: Z, Y, X.
        spacing_mm: From voxel to voxel.
        origin_mm: Middle of the first voxel, LPS (x, y, z), float64, CPU.
        joint_mm: Middle of the joint, as `origin_mm`.
        head_mm: About the middle of the humeral head, as `origin_mm`.
        directions: Axes of each plane's slices, (3, 3), float64, CPU.
        places_mm: Voxels of humerus and of glenoid, LPS, (n, 3) each, float64, CPU.
        tissues: What the structures are made of, on the CPU.
    """

    ids: Tensor
    shares: Tensor
    shape: tuple[int, int, int]
    spacing_mm: float
    origin_mm: Tensor
    joint_mm: Tensor
    head_mm: Tensor
    directions: Mapping[str, Tensor]
    places_mm: tuple[Tensor, Tensor]
    tissues: Tissues


def load_case(
    volumes: PartialVolumes, device: torch.device, generator: torch.Generator
) -> ResidentCase:
    """Packs a map and brings it to a device; eight bytes a voxel.

    Args:
        volumes: As read from its file.
        device: Where slices are to be cut.
        generator: On the CPU; draws the places of each bone.

    Returns:
        The map.
    """
    _, depth, rows, columns = volumes.materials.shape
    first, second = (_places(volumes, bone, generator) for bone in (HUMERUS, GLENOID))
    return ResidentCase(
        ids=_packed(volumes.materials, volumes.bones[HUMERUS]).to(device),
        shares=_packed(volumes.shares, volumes.bones[GLENOID]).to(device),
        shape=(depth, rows, columns),
        spacing_mm=volumes.spacing_mm,
        origin_mm=volumes.origin_mm,
        joint_mm=volumes.joint_mm,
        head_mm=_head(first, volumes.joint_mm),
        directions=volumes.directions,
        places_mm=(first, second),
        tissues=gather_tissues(volumes.composition),
    )


def _head(humerus_mm: Tensor, joint_mm: Tensor) -> Tensor:
    """The middle of the humerus near the joint; the joint itself where none is in the map."""
    near = humerus_mm[(humerus_mm - joint_mm).norm(dim=1) < _HEAD_REACH_MM]
    return near.mean(dim=0) if len(near) else joint_mm


def _packed(kept: Tensor, highest: Tensor) -> Tensor:
    """Puts up to three bytes and a fourth one into an int32 each, lowest first."""
    words = highest.to(torch.int32) << 24
    for number, plane in enumerate(kept):
        words |= plane.to(torch.int32) << (8 * number)
    return words.reshape(-1)


def _places(volumes: PartialVolumes, bone: int, generator: torch.Generator) -> Tensor:
    found = torch.nonzero(volumes.bones[bone] >= (FULL + 1) // 2)
    if len(found) > _PLACES:
        found = found[torch.randperm(len(found), generator=generator)[:_PLACES]]
    # Array axes are z, y, x; places are x, y, z.
    return found.flip(1).to(torch.float64) * volumes.spacing_mm + volumes.origin_mm
