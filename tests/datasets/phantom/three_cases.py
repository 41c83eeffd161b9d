"""A set of three small phantoms."""

from __future__ import annotations

from pathlib import Path

from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.presets import PhantomSet

TINY = PhantomOptions(shape=(3, 40, 32), spacing_mm=(6.0, 4.0, 4.0))
THREE = PhantomSet(
    TINY, sequences=("pd-fs", "gre"), planes=("axial", "coronal"), cases=3, test_cases=1
)


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder by their names in it."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
