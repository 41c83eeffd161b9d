from __future__ import annotations

import gzip
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import nibabel
import numpy as np
import pytest
import SimpleITK

from shoulderseg.datasets.integrity import check_file
from shoulderseg.datasets.reader import UnreadableVolumeError, read_image
from shoulderseg.datasets.writer import write_image

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from shoulderseg.datasets.volume import Volume

_SUFFIXES = [".nii", ".nii.gz", ".nrrd", ".mha"]


def _header_bytes(path: Path, patch: Callable[[bytearray], None]) -> None:
    data = bytearray(path.read_bytes())
    patch(data)
    path.write_bytes(data)


@pytest.mark.parametrize("suffix", [*_SUFFIXES, ".dcm", ".mhd"])
def test_zero_byte_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"case{suffix}"
    path.touch()
    with pytest.raises(UnreadableVolumeError, match=rf"^case{suffix}: file is empty"):
        read_image(path)


@pytest.mark.parametrize("suffix", _SUFFIXES)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_truncated_file(tmp_path: Path, oblique: Volume, suffix: str, share: float) -> None:
    path = tmp_path / f"case{suffix}"
    write_image(path, oblique)
    read_image(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableVolumeError, match=r"early|damaged"):
        read_image(path)


def test_simpleitk_alone_accepts_a_truncated_nifti(tmp_path: Path, oblique: Volume) -> None:
    # The reason for the whole module: if this ever fails, SimpleITK has learned to refuse.
    path = tmp_path / "case.nii.gz"
    write_image(path, oblique)
    path.write_bytes(path.read_bytes()[:-400])
    assert not SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))[-1, -1].any()


@pytest.mark.parametrize("suffix", [".nii.gz", ".nrrd", ".mha"])
@pytest.mark.parametrize("place", [0.5, 0.9])
def test_flipped_byte_in_compressed_file(
    tmp_path: Path, oblique: Volume, suffix: str, place: float
) -> None:
    path = tmp_path / f"case{suffix}"
    write_image(path, oblique)

    def flip(data: bytearray) -> None:
        data[int(len(data) * place)] ^= 0x10

    _header_bytes(path, flip)
    with pytest.raises(UnreadableVolumeError, match="damaged"):
        read_image(path)


def test_broken_deflate_stream(tmp_path: Path, oblique: Volume) -> None:
    path = tmp_path / "case.nii.gz"
    write_image(path, oblique)
    data = bytearray(gzip.compress(gzip.decompress(path.read_bytes())))
    data[10] |= 0x06  # Block type 3 does not exist.
    path.write_bytes(data)
    with pytest.raises(UnreadableVolumeError, match="damaged"):
        read_image(path)


def test_nifti_longer_than_its_header(tmp_path: Path, oblique: Volume) -> None:
    for name in ("a.nii", "b.nii.gz"):
        path = tmp_path / name
        write_image(path, oblique)
        data = path.read_bytes()
        longer = gzip.compress(gzip.decompress(data) + b"x") if name == "b.nii.gz" else data + b"x"
        path.write_bytes(longer)
        with pytest.raises(UnreadableVolumeError, match="longer"):
            check_file(path)


def test_name_and_content_disagree(tmp_path: Path, oblique: Volume) -> None:
    packed, plain = tmp_path / "a.nii.gz", tmp_path / "b.nii"
    write_image(packed, oblique)
    write_image(plain, oblique)
    packed.rename(tmp_path / "c.nii")
    plain.rename(tmp_path / "d.nii.gz")
    with pytest.raises(UnreadableVolumeError, match=r"gzip-compressed but named \.nii"):
        read_image(tmp_path / "c.nii")
    with pytest.raises(UnreadableVolumeError, match="not gzip-compressed"):
        read_image(tmp_path / "d.nii.gz")


def test_sibling_pair_is_refused_from_both_sides(tmp_path: Path, oblique: Volume) -> None:
    packed, plain = tmp_path / "x.nii.gz", tmp_path / "x.nii"
    write_image(packed, oblique)
    write_image(plain, replace(oblique, array=-oblique.array))
    for path, other in ((packed, ".nii"), (plain, ".nii.gz")):
        expected = rf"^{path.name}: a file of the same name with {other} lies"
        with pytest.raises(UnreadableVolumeError, match=expected):
            read_image(path)


@pytest.mark.parametrize("name", ["notes.txt", "case"])
def test_unknown_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(bytes(400))
    with pytest.raises(UnreadableVolumeError, match="unknown image format"):
        read_image(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.nii", tmp_path):
        with pytest.raises(UnreadableVolumeError, match="no such file"):
            read_image(path)


@pytest.mark.parametrize(
    ("offset", "kind", "value", "reason"),
    [
        (40, "h", 9, "impossible dimensions"),
        (42, "h", -3, "impossible dimensions"),
        (42, "h", 12, "ends early"),
        (42, "h", 10, "longer"),
        (70, "h", 128, "RGB"),
        (70, "h", 32, "complex"),
        (72, "h", 16, "damaged"),
        (80, "f", 0.0, "spacing"),
        (84, "f", -0.5, "spacing"),
        (88, "f", float("nan"), "spacing"),
        (80, "f", 2.0, "contradicts itself"),
        (108, "f", 0.0, "voxels start"),
        (0, "i", 347, "not a single-file NIfTI-1"),
        (344, "i", 0, "not a single-file NIfTI-1"),
    ],
)
def test_false_nifti_claims(
    tmp_path: Path, oblique: Volume, offset: int, kind: str, value: float, reason: str
) -> None:
    path = tmp_path / "case.nii"
    write_image(path, oblique)
    _header_bytes(path, lambda data: struct.pack_into(f"<{kind}", data, offset, value))
    with pytest.raises(UnreadableVolumeError, match=reason):
        read_image(path)


@pytest.mark.parametrize(
    ("place", "form", "value", "message"),
    [
        # SimpleITK does not come back from this one.
        (292, "f", float("inf"), "qform or sform holds a number that is not finite"),
        (280, "f", float("nan"), "qform or sform holds a number that is not finite"),
        (268, "f", float("-inf"), "qform or sform holds a number that is not finite"),
        (260, "f", 1.5, "its quaternion has the length 1.5"),
        (254, "h", 8, "sform_code is 8, expected 0 to 5"),
        (252, "h", -1, "qform_code is -1, expected 0 to 5"),
        (108, "f", 1e30, "voxels start at byte 1"),
        (112, "f", float("nan"), "values are scaled by nan"),
        (112, "f", 1e-30, "values are scaled by 1e-30"),
        (116, "f", float("inf"), "values are scaled by 1 and inf"),
    ],
)
def test_numbers_that_readers_take_differently_are_refused(
    tmp_path: Path, oblique: Volume, place: int, form: str, value: float, message: str
) -> None:
    path = tmp_path / "case.nii"
    image = nibabel.nifti1.Nifti1Image(oblique.array.T.astype(np.float32), np.eye(4))
    image.header.set_qform(np.eye(4), code=1)
    image.header.set_slope_inter(1.0, 0.0)
    nibabel.loadsave.save(image, path)
    read_image(path)
    _header_bytes(path, lambda data: struct.pack_into(f"<{form}", data, place, value))
    with pytest.raises(UnreadableVolumeError, match=message):
        read_image(path)


def test_huge_claim_is_refused_before_it_is_believed(tmp_path: Path, oblique: Volume) -> None:
    path = tmp_path / "case.nii"
    write_image(path, oblique)
    _header_bytes(path, lambda data: struct.pack_into("<3h", data, 42, 30000, 30000, 30000))
    with pytest.raises(UnreadableVolumeError, match="at most"):
        read_image(path)
    meta = tmp_path / "case.mha"
    write_image(meta, oblique)
    data = meta.read_bytes().replace(b"DimSize = 11 7 5", b"DimSize = 9000 9000 9000")
    meta.write_bytes(data)
    with pytest.raises(UnreadableVolumeError, match="at most"):
        read_image(meta)


def test_nifti2_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "case.nii.gz"
    nibabel.save(nibabel.Nifti2Image(np.ones((4, 5, 6), np.float32), np.eye(4)), path)
    with pytest.raises(UnreadableVolumeError, match="NIfTI-2"):
        read_image(path)


@pytest.mark.parametrize("sizes", [(4, 5, 6, 3), (4, 5, 6, 1, 2), (4,)])
def test_nifti_that_is_not_3d(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    path = tmp_path / "case.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.ones(sizes, np.float32), np.eye(4)), path)
    with pytest.raises(UnreadableVolumeError, match="expected"):
        read_image(path)


def test_mhd_with_its_voxel_file_missing_or_elsewhere(tmp_path: Path, oblique: Volume) -> None:
    image = SimpleITK.GetImageFromArray(oblique.array)
    path = tmp_path / "case.mhd"
    SimpleITK.WriteImage(image, str(path))
    assert np.array_equal(read_image(path).array, oblique.array)
    raw = path.with_suffix(".raw")
    raw.write_bytes(raw.read_bytes()[:-1])
    with pytest.raises(UnreadableVolumeError, match="ends early"):
        read_image(path)
    raw.unlink()
    with pytest.raises(UnreadableVolumeError, match=r"case\.raw is missing"):
        read_image(path)
    path.write_text(path.read_text().replace("case.raw", "../case.raw"))
    with pytest.raises(UnreadableVolumeError, match="beside it"):
        read_image(path)


def test_message_names_the_file_and_not_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "Doe_Jane"
    folder.mkdir()
    path = folder / "case.nrrd"
    path.write_bytes(b"NRRD0004\n# damaged\n")
    with pytest.raises(UnreadableVolumeError) as caught:
        read_image(path)
    assert str(caught.value).startswith("case.nrrd: ")
    assert "Doe" not in str(caught.value)
    assert caught.value.__cause__ is None
