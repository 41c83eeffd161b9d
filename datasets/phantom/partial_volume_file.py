"""The file of a partial volume map, in safetensors format, with all that training needs.

Its metadata are strings: `format`; `spacing_mm` (a number), `origin_mm` and `joint_mm` (x, y, z in
LPS), `directions` (plane to three rows), `structures` (id to name) and `composition` (id to
materials) as JSON; `side`; and `composition_field_t`, the field strength of the relaxation times.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from safetensors.numpy import save

from shoulderseg.datasets.output_file import replaced_file
from shoulderseg.datasets.phantom.scanner.relaxation import relaxation
from shoulderseg.datasets.phantom.structures import COMPOSITION, Material, Structure

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.datasets.phantom.partial_volumes import PartialVolumes

FORMAT = "shoulderseg partial volumes 1"
COMPOSITION_FIELD_T = 1.5
_LENGTH_BYTES = 8


def write_partial_volumes(path: Path, volumes: PartialVolumes) -> None:
    """Writes a map; the same map gives the same bytes.

    Args:
        path: Of the file, usually `CASE.safetensors`.
        volumes: The map.

    Raises:
        OSError: If the file cannot be written.
    """
    metadata = {
        "format": FORMAT,
        "spacing_mm": json.dumps(volumes.spacing_mm),
        "origin_mm": json.dumps(volumes.origin_mm),
        "joint_mm": json.dumps(volumes.joint_mm),
        "side": volumes.side,
        "directions": json.dumps(
            {plane: rows.tolist() for plane, rows in volumes.directions.items()}
        ),
        "structures": json.dumps(
            {str(int(structure)): structure.name.lower() for structure in Structure}
        ),
        "composition": json.dumps(_composition(volumes)),
        "composition_field_t": json.dumps(COMPOSITION_FIELD_T),
    }
    arrays = {
        "materials": volumes.materials,
        "shares": volumes.shares,
        "bones": volumes.bones,
    }
    with replaced_file(path) as part:
        part.write_bytes(_ordered(save(arrays, metadata=metadata)))


def _composition(volumes: PartialVolumes) -> dict[str, list[dict[str, Any]]]:
    """What each structure is made of: shares of materials with what signal equations need."""
    found: dict[str, list[dict[str, Any]]] = {}
    for structure, (first, second) in COMPOSITION.items():
        share = volumes.second_shares.get(structure, 0.0)
        parts = [(first, 1.0 - share)] + ([(second, share)] if share > 0 else [])
        found[str(int(structure))] = [
            {"material": material.name.lower(), "share": part, **_tissue(material)}
            for material, part in parts
        ]
    return found


def _tissue(material: Material) -> dict[str, float]:
    table = relaxation(COMPOSITION_FIELD_T)
    return {
        "water_density": float(table.water_density[material]),
        "fat_density": float(table.fat_density[material]),
        "t1_ms": float(table.t1_ms[material]),
        "t2_ms": float(table.t2_ms[material]),
        "t2star_ms": float(table.t2star_ms[material]),
        "fat_t1_ms": table.fat_t1_ms,
        "fat_t2_train_ms": table.fat_t2_train_ms,
        "fat_t2_single_ms": table.fat_t2_single_ms,
        "fat_t2star_ms": float(table.fat_t2star_ms[material]),
    }


def _ordered(file: bytes) -> bytes:
    """Puts the header of a safetensors file in order: the library writes it in random order."""
    end = _LENGTH_BYTES + int.from_bytes(file[:_LENGTH_BYTES], "little")
    header = json.dumps(json.loads(file[_LENGTH_BYTES:end]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(_LENGTH_BYTES, "little") + header + file[end:]
