"""Checkpoints of nothing, as torch writes them, and what is left of one that was cut short."""

from __future__ import annotations

import zipfile
from pathlib import Path


def write_checkpoint(path: Path) -> None:
    """Writes a zip archive, which is what a whole checkpoint is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("checkpoint/data.pkl", b"\x80\x02}q\x00.")


def write_broken(path: Path) -> None:
    """Writes the first half of one."""
    write_checkpoint(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
