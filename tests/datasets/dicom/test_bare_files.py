"""DICOM files without preamble and file meta information, and files that only look like it."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pydicom
import pytest

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.dicom_source import read_source_headers
from shoulderseg.datasets.files import find_volumes, holds_dicom
from shoulderseg.datasets.reader import read_image
from tests.datasets.dicom.findings import only, used
from tests.datasets.dicom.writing import series, voxels, write


def _bare(folder: Path, suffix: str, *, implicit: bool, little: bool, meta: bool) -> list[Path]:
    paths = []
    for index, path in enumerate(write(folder / "whole", series())):
        dataset = pydicom.dcmread(path)
        if not little:
            dataset.PixelData = np.asarray(dataset.pixel_array).byteswap().tobytes()
        bare = folder / "bare" / f"IM{index}{suffix}"
        bare.parent.mkdir(exist_ok=True)
        del dataset.file_meta
        dataset.preamble = None
        pydicom.dcmwrite(bare, dataset, implicit_vr=implicit, little_endian=little)
        if meta:
            # The file meta information without the preamble and the mark before it.
            bare.write_bytes(path.read_bytes()[132:])
        paths.append(bare)
    return paths


@pytest.mark.parametrize("suffix", [".dcm", "", ".IMA"])
@pytest.mark.parametrize(
    ("implicit", "little", "meta"),
    [(True, True, False), (False, True, False), (False, False, False), (False, True, True)],
    ids=["implicit", "explicit", "big-endian", "meta"],
)
def test_a_series_without_preamble_is_read(
    tmp_path: Path, suffix: str, implicit: bool, little: bool, meta: bool
) -> None:
    paths = _bare(tmp_path, suffix, implicit=implicit, little=little, meta=meta)
    assert all(holds_dicom(path) for path in paths)
    np.testing.assert_array_equal(used(only(tmp_path / "bare")), voxels())
    bare, whole = only(tmp_path / "bare").stack, only(tmp_path / "whole").stack
    assert bare is not None
    assert whole is not None
    assert (bare.spacing_mm, bare.origin_mm) == (whole.spacing_mm, whole.origin_mm)
    np.testing.assert_array_equal(read_image(paths[2]).array[0], voxels()[2])
    assert find_volumes(tmp_path / "bare") == sorted(paths)


def test_a_segmentation_can_refer_to_it(tmp_path: Path) -> None:
    _bare(tmp_path, "", implicit=True, little=True, meta=False)
    series_ = only(tmp_path / "bare")
    assert series_.stack is not None
    files = [header.path for header in series_.stack.slices]
    headers = read_source_headers(files, read_stack(series_.stack))
    assert [int(header.InstanceNumber) for header in headers] == list(range(1, 8))


def test_a_bare_file_that_is_cut_off(tmp_path: Path) -> None:
    paths = _bare(tmp_path, "", implicit=True, little=True, meta=False)
    content = paths[3].read_bytes()
    paths[3].write_bytes(content[: len(content) - 400])
    (found,) = read_folder(tmp_path / "bare").series
    assert found.verdict == "refuse"
    assert "file ends early" in found.reason


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x08\x00",
        b"\x08\x00\x05\x00" + bytes(200),
        struct.pack("<HHI", 8, 5, 10) + b"ISO_IR 100 and no UID of DICOM anywhere",
        b"1.2.840.10008.1.2 as a text",
        struct.pack("<HHI", 8, 0x16, 1 << 30) + b"1.2.840.10008.5.1.4.1.1.4",
    ],
)
def test_what_is_no_dicom(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "IM1").write_bytes(content)
    assert not holds_dicom(tmp_path / "IM1")
    findings = read_folder(tmp_path)
    assert (findings.series, findings.files) == ((), ())
    assert findings.others == (tmp_path / "IM1",)
