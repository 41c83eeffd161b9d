"""Surfaces as STL and PLY files.

Coordinates are millimetres in LPS. Neither format has a field for that, so it stands in the header
as `SPACE=LPS`, which 3D Slicer looks for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trimesh
from trimesh.exchange.ply import export_ply
from trimesh.exchange.stl import export_stl

from shoulderseg.datasets.output_file import replaced_file

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.datasets.labels import Label
    from shoulderseg.datasets.surfaces import Surface

SURFACE_SUFFIXES = (".stl", ".ply")
_STL_HEADER_BYTES = 80
_SPACE = "shoulderseg, research use only. Unit mm. SPACE=LPS"


def write_surface(path: Path, surface: Surface, label: Label) -> None:
    """Writes a surface as binary STL or PLY.

    Args:
        path: The file, with the suffix `.stl` or `.ply`. An existing one is replaced.
        surface: The surface. STL stores its corners in single precision, PLY too.
        label: The bone; its colour is kept by PLY.

    Raises:
        ValueError: If the suffix is another.
        OSError: If the file cannot be written. No partial file is left.
    """
    if not path.name.endswith(SURFACE_SUFFIXES):
        msg = f"Cannot write {path.name}: expected the suffix .stl or .ply."
        raise ValueError(msg)
    mesh = trimesh.Trimesh(
        surface.vertices_mm, surface.faces, face_colors=[*label.colour, 255], process=False
    )
    content = _stl(mesh) if path.name.endswith(".stl") else _ply(mesh)
    with replaced_file(path) as part:
        part.write_bytes(content)


def _stl(mesh: trimesh.Trimesh) -> bytes:
    content: bytes = export_stl(mesh)
    return _SPACE.encode().ljust(_STL_HEADER_BYTES) + content[_STL_HEADER_BYTES:]


def _ply(mesh: trimesh.Trimesh) -> bytes:
    content: bytes = export_ply(mesh, encoding="binary")
    mark, kind, rest = content.split(b"\n", 2)
    return b"\n".join([mark, kind, f"comment {_SPACE}".encode(), rest])
