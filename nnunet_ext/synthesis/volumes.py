"""Reads partial volume maps: which structures fill each voxel of a digital shoulder."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

FORMAT = "shoulderseg partial volumes 1"
FOLDER = "partialVolumesTr"
PLANES = ("axial", "coronal", "sagittal")
FULL = 255
_ARRAYS = ("materials", "shares", "bones")
_MOST_KEPT = 3
_TISSUE = (
    "share",
    "water_density",
    "fat_density",
    "t1_ms",
    "t2_ms",
    "t2star_ms",
    "fat_t1_ms",
    "fat_t2_train_ms",
    "fat_t2_single_ms",
    "fat_t2star_ms",
)


class PartialVolumeError(ValueError):
    """A file is no partial volume map that this version reads."""


@dataclass(frozen=True)
class Part:
    """A material in a structure, with what signal equations need.

    Attributes:
        material: Name, such as `yellow_marrow`.
        share: Of the structure, 0 to 1.
        tissue: Densities of water and fat, and relaxation times in ms, by name.
    """

    material: str
    share: float
    tissue: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class PartialVolumes:
    """A partial volume map; array axes are the patient's z, y and x.

    Attributes:
        materials: Ids of the structures with the largest shares, (K, Z, Y, X), uint8.
        shares: Their shares in 255ths, summing to 255, (K, Z, Y, X), uint8.
        bones: Shares of humerus and of glenoid in 255ths, (2, Z, Y, X), uint8.
        spacing_mm: From voxel to voxel, along all axes.
        origin_mm: Middle of the first voxel, LPS (x, y, z), float64.
        joint_mm: Middle of the joint, LPS (x, y, z), float64.
        directions: Of each plane: unit vectors in LPS as rows, across the slices, from row to row,
            from column to column; (3, 3), float64.
        structures: Names by id.
        composition: Materials by id.
    """

    materials: Tensor
    shares: Tensor
    bones: Tensor
    spacing_mm: float
    origin_mm: Tensor
    joint_mm: Tensor
    directions: Mapping[str, Tensor]
    structures: Mapping[int, str]
    composition: Mapping[int, tuple[Part, ...]]


def find_partial_volumes(raw_dataset: Path) -> dict[str, Path]:
    """Lists the maps of a raw dataset.

    Args:
        raw_dataset: The dataset's folder under `nnUNet_raw`.

    Returns:
        Paths by the name of the case, in order.

    Raises:
        FileNotFoundError: If there are none.
    """
    paths = sorted((raw_dataset / FOLDER).glob("*.safetensors"))
    if not paths:
        msg = (
            f"{raw_dataset / FOLDER} holds no partial volume maps (*.safetensors); synthesis needs "
            "some. Make the dataset with partial volumes, or train without synthesis"
        )
        raise FileNotFoundError(msg)
    return {path.stem: path for path in paths}


def read_partial_volumes(path: Path) -> PartialVolumes:
    """Reads a map without running anything that the file might hold.

    Args:
        path: A safetensors file of the format `shoulderseg partial volumes 1`.

    Returns:
        The map, on the CPU.

    Raises:
        PartialVolumeError: If the file is truncated, of another format, or does not hold what the
            format says.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                found = metadata.get("format", "none")
                msg = f"{path.name} has the format {found!r}, expected {FORMAT!r}; make it anew"
                raise PartialVolumeError(msg)
            arrays = {name: file.get_tensor(name) for name in _ARRAYS}
    except SafetensorError as error:
        msg = f"{path.name} is truncated or no partial volume map ({error}); make it anew"
        raise PartialVolumeError(msg) from error
    fault = _array_fault(arrays)
    if fault:
        msg = f"{path.name}: {fault}; make it anew"
        raise PartialVolumeError(msg)
    try:
        return _put_together(arrays, metadata)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        msg = f"{path.name} has metadata that do not fit its format ({error}); make it anew"
        raise PartialVolumeError(msg) from error


def _array_fault(arrays: Mapping[str, Tensor]) -> str | None:
    materials, shares, bones = (arrays[name] for name in _ARRAYS)
    if any(array.dtype != torch.uint8 or array.ndim != 4 for array in arrays.values()):
        found = {name: (str(array.dtype), tuple(array.shape)) for name, array in arrays.items()}
        return f"found {found}, expected uint8 arrays (K, Z, Y, X)"
    grid = materials.shape[1:]
    if shares.shape != materials.shape or bones.shape != (2, *grid) or min(grid) < 2:
        found_shapes = [tuple(array.shape) for array in arrays.values()]
        return f"the shapes {found_shapes} do not belong together, expected (K, Z, Y, X) and two"
    if not 1 <= len(materials) <= _MOST_KEPT:
        return f"{len(materials)} structures a voxel, expected 1 to {_MOST_KEPT}"
    if not bool((shares.sum(dim=0, dtype=torch.int16) == FULL).all()):
        return f"shares do not sum to {FULL} in each voxel"
    return None


def _put_together(arrays: Mapping[str, Tensor], metadata: Mapping[str, str]) -> PartialVolumes:
    spacing = float(json.loads(metadata["spacing_mm"]))
    if not (math.isfinite(spacing) and spacing > 0):
        msg = f"spacing_mm is {spacing}, expected a number above zero"
        raise ValueError(msg)
    directions = json.loads(metadata["directions"])
    structures = {int(key): str(name) for key, name in json.loads(metadata["structures"]).items()}
    composition = {
        int(key): tuple(_part(part) for part in parts)
        for key, parts in json.loads(metadata["composition"]).items()
        if parts
    }
    present = set(torch.unique(arrays["materials"]).tolist())
    unknown = sorted(present - (structures.keys() & composition.keys()))
    if unknown:
        msg = f"structure {unknown[0]} has no name or no composition"
        raise ValueError(msg)
    return PartialVolumes(
        **arrays,
        spacing_mm=spacing,
        origin_mm=_numbers(json.loads(metadata["origin_mm"]), (3,)),
        joint_mm=_numbers(json.loads(metadata["joint_mm"]), (3,)),
        directions={plane: _axes(directions[plane]) for plane in PLANES},
        structures=structures,
        composition=composition,
    )


def _part(described: Mapping[str, Any]) -> Part:
    tissue = {name: float(described[name]) for name in _TISSUE}
    if not all(math.isfinite(value) and value >= 0 for value in tissue.values()):
        msg = f"a composition holds {tissue}, expected numbers of zero or more"
        raise ValueError(msg)
    if any(value == 0 for name, value in tissue.items() if name.endswith("_ms")):
        msg = f"a composition holds a relaxation time of zero: {tissue}"
        raise ValueError(msg)
    return Part(str(described["material"]), tissue.pop("share"), tissue)


def _axes(rows: object) -> Tensor:
    axes = _numbers(rows, (3, 3))
    if not torch.allclose(axes @ axes.T, torch.eye(3, dtype=axes.dtype), atol=1e-3):
        msg = f"directions {rows} are not unit vectors at right angles"
        raise ValueError(msg)
    return axes


def _numbers(values: object, shape: tuple[int, ...]) -> Tensor:
    numbers = torch.tensor(values, dtype=torch.float64)
    check: Callable[[Tensor], Tensor] = torch.isfinite
    if numbers.shape != shape or not bool(check(numbers).all()):
        msg = f"{values} are not finite numbers of shape {shape}"
        raise ValueError(msg)
    return numbers
