"""A box of bone in fat, as a partial volume map whose cuts are known on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file

from shoulderseg.nnunet_ext.synthesis.resident import ResidentCase, load_case
from shoulderseg.nnunet_ext.synthesis.volumes import FORMAT, read_partial_volumes

FAT, MARROW, GLENOID_MARROW = 2, 11, 16
SPACING_MM = 1.0
SIDE = 64
ORIGIN_MM = (-30.0, 12.0, 100.0)
# First and last voxel (z, y, x) of each bone's box.
HUMERUS_BOX = ((20, 16, 34), (39, 45, 53))
GLENOID_BOX = ((24, 24, 20), (35, 39, 31))
AXIAL = [[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
CORONAL = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]]
SAGITTAL = [[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]
NAMES = {
    0: ("air", "air", 0.0, 0.0),
    FAT: ("subcutaneous_fat", "fat", 0.06, 0.86),
    MARROW: ("humerus_marrow", "yellow_marrow", 0.2, 0.7),
    GLENOID_MARROW: ("scapula_marrow", "red_marrow", 0.5, 0.4),
}


def arrays() -> dict[str, np.ndarray[Any, np.dtype[np.uint8]]]:
    """Fat with both boxes, every voxel full of one structure, within a rim of air."""
    grid = (SIDE, SIDE, SIDE)
    materials, shares = np.zeros((3, *grid), np.uint8), np.zeros((3, *grid), np.uint8)
    bones = np.zeros((2, *grid), np.uint8)
    shares[0] = 255
    materials[0, 2:-2, 2:-2, 2:-2] = FAT
    for bone, (box, marrow) in enumerate(((HUMERUS_BOX, MARROW), (GLENOID_BOX, GLENOID_MARROW))):
        place = tuple(slice(first, last + 1) for first, last in zip(*box, strict=True))
        materials[0][place] = marrow
        bones[bone][place] = 255
    return {"materials": materials, "shares": shares, "bones": bones}


def metadata() -> dict[str, str]:
    """What a map's file says beside its arrays."""
    tissue = {"t1_ms": 900.0, "t2_ms": 40.0, "t2star_ms": 20.0, "fat_t1_ms": 288.0}
    tissue |= {"fat_t2_train_ms": 165.0, "fat_t2_single_ms": 75.0, "fat_t2star_ms": 30.0}
    composition = {
        str(number): [
            {"material": material, "share": 1.0, "water_density": water, "fat_density": fat}
            | tissue
        ]
        for number, (_, material, water, fat) in NAMES.items()
    }
    middle = [(origin + (SIDE - 1) / 2 * SPACING_MM) for origin in ORIGIN_MM]
    return {
        "format": FORMAT,
        "spacing_mm": json.dumps(SPACING_MM),
        "origin_mm": json.dumps(ORIGIN_MM),
        "joint_mm": json.dumps(middle),
        "side": "left",
        "directions": json.dumps({"axial": AXIAL, "coronal": CORONAL, "sagittal": SAGITTAL}),
        "structures": json.dumps({str(number): name for number, (name, *_) in NAMES.items()}),
        "composition": json.dumps(composition),
    }


def write_map(path: Path, **changed: str) -> Path:
    """Writes the map, with some of its metadata changed."""
    save_file(arrays(), path, metadata=metadata() | changed)
    return path


def load_map(path: Path) -> ResidentCase:
    """Reads a map into memory."""
    return load_case(
        read_partial_volumes(path), torch.device("cpu"), torch.Generator().manual_seed(0)
    )


def middle_of_mm(box: tuple[tuple[int, int, int], tuple[int, int, int]]) -> torch.Tensor:
    """Middle of a box in LPS."""
    voxel = np.add(*box)[::-1] / 2
    return torch.tensor(voxel * SPACING_MM + np.array(ORIGIN_MM))
