"""NRRD headers that name another file for the voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
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


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("before", [0, 100_000, 3_000_000])
def test_a_long_header_or_another_end_of_lines_hides_nothing(
    tmp_path: Path, oblique: Volume, end: bytes, before: int
) -> None:
    path = tmp_path / "a.nrrd"
    write_image(path, oblique)
    head, voxels = path.read_bytes().split(b"\n\n", 1)
    (tmp_path / "a.raw.gz").write_bytes(voxels)
    comments = (b"\n# " + b"x" * 997) * (before // 1000)
    lines = (head + comments).replace(b"\n", end)
    path.write_bytes(lines + end + end + voxels)
    np.testing.assert_array_equal(read_image(path).array, oblique.array)
    path.write_bytes(lines + end + b"data file: a.raw.gz" + end + end)
    with pytest.raises(UnreadableVolumeError, match="voxels lie in another file"):
        read_image(path)


def test_a_header_without_an_end_is_refused(tmp_path: Path, oblique: Volume) -> None:
    path = tmp_path / "a.nrrd"
    write_image(path, oblique)
    head, voxels = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes(head + (b"\n# " + b"x" * 997) * 4200 + b"\ndata file: a.raw.gz\n\n" + voxels)
    with pytest.raises(UnreadableVolumeError, match="no empty line ends its header within 4 MiB"):
        read_image(path)
