"""NRRD headers that name another file for the voxels."""

from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.reader import read_image
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image


@pytest.mark.parametrize("field", ["data file", "datafile", "Data File"])
def test_nrrd_whose_voxels_lie_elsewhere(tmp_path: Path, oblique: Volume, field: str) -> None:
    path = tmp_path / "a.nrrd"
    write_image(path, oblique)
    assert read_image(path).array.shape == oblique.array.shape
    head, voxels = path.read_bytes().split(b"\n\n", 1)
    (tmp_path / "a.raw.gz").write_bytes(voxels)
    path.write_bytes(head + f"\n{field}: a.raw.gz\n\n".encode())
    with pytest.raises(UnreadableVolumeError, match="voxels lie in another file"):
        read_image(path)
    # Voxels may hold any text.
    path.write_bytes(head + b"\n\n" + voxels[:40] + b"\ndata file: x\n" + voxels[40:])
    with pytest.raises(UnreadableVolumeError, match=r"(?s)^(?!.*another file)"):
        read_image(path)
