"""Single DICOM files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from shoulderseg.datasets.dicom.header_checks import HeaderError
from shoulderseg.datasets.dicom.single_file import check_labels
from shoulderseg.datasets.reader import UnreadableVolumeError, read_image, read_label_map

_REAL_SLICE = Path(__file__).parents[3] / "shared/data/shoulder_mr_t1_slice/MR2_UNCR.dcm"


@pytest.fixture
def mr_small() -> pydicom.Dataset:
    return pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))


@pytest.mark.skipif(not _REAL_SLICE.exists(), reason="the shared data is not here")
def test_real_shoulder_slice() -> None:
    read = read_image(_REAL_SLICE)
    assert read.array.shape == (1, 1024, 1024)
    assert read.spacing_mm == pytest.approx((6.6, 0.195313, 0.195313))
    dataset = pydicom.dcmread(_REAL_SLICE)
    rescaled = dataset.pixel_array * float(dataset.RescaleSlope) + float(dataset.RescaleIntercept)
    assert np.allclose(read.array[0], rescaled, rtol=1e-6)


@pytest.mark.parametrize("name", ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm"])
@pytest.mark.parametrize("called", ["case.dcm", "1.2.840.77"])
def test_dicom_slice(tmp_path: Path, name: str, called: str) -> None:
    source = str(get_testdata_file(name))
    shutil.copy(source, tmp_path / called)
    read = read_image(tmp_path / called)
    assert np.array_equal(read.array[0], pydicom.dcmread(source).pixel_array)


def test_dicom_place_and_unequal_pixel_spacing(tmp_path: Path, mr_small: pydicom.Dataset) -> None:
    mr_small.PixelSpacing = [0.5, 0.75]
    mr_small.ImageOrientationPatient = [0.6, 0.8, 0, 0, 0, -1]
    mr_small.ImagePositionPatient = [-80.5, 12.25, 7]
    mr_small.save_as(tmp_path / "case.dcm")
    read = read_image(tmp_path / "case.dcm")
    assert read.spacing_mm[1:] == pytest.approx((0.5, 0.75))
    assert read.origin_mm == pytest.approx((-80.5, 12.25, 7))
    axes = np.reshape(read.direction, (3, 3))
    assert np.allclose(axes[:, 0], [0.6, 0.8, 0])
    assert np.allclose(axes[:, 1], [0, 0, -1])


@pytest.mark.parametrize(
    ("tag", "value", "reason"),
    [
        ("PixelSpacing", None, "PixelSpacing is missing"),
        ("PixelSpacing", [0, 0.5], "PixelSpacing is"),
        ("ImagePositionPatient", None, "ImagePositionPatient is missing"),
        ("ImageOrientationPatient", [1, 0, 0, 1, 0, 0], "perpendicular"),
        ("NumberOfFrames", 3, "multi-frame"),
        ("SamplesPerPixel", 3, "colour"),
        ("Rows", 0, "Rows x Columns"),
        ("Columns", 60000, "Rows x Columns"),
        ("Rows", 65, "ends early"),
        ("PixelData", None, "without an image"),
    ],
)
def test_dicom_header_that_cannot_be_used(
    tmp_path: Path, mr_small: pydicom.Dataset, tag: str, value: object, reason: str
) -> None:
    if value is None:
        del mr_small[tag]
    else:
        setattr(mr_small, tag, value)
    mr_small.save_as(tmp_path / "case.dcm")
    with pytest.raises(UnreadableVolumeError, match=reason):
        read_image(tmp_path / "case.dcm")


def test_damaged_dicom_header_is_not_quoted(tmp_path: Path) -> None:
    data = Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()
    spacing, other = b"0.3125\\0.3125", b"Doe^Jan\\0.312"
    assert data.count(spacing) == 1
    (tmp_path / "case.dcm").write_bytes(data.replace(spacing, other))
    with pytest.raises(UnreadableVolumeError, match="DICOM header is damaged") as caught:
        read_image(tmp_path / "case.dcm")
    assert "Doe" not in str(caught.value)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.99])
def test_dicom_that_ends_early(tmp_path: Path, share: float) -> None:
    data = Path(str(get_testdata_file("MR_small.dcm"))).read_bytes()
    (tmp_path / "case.dcm").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableVolumeError, match=r"^case.dcm: "):
        read_image(tmp_path / "case.dcm")


@pytest.mark.parametrize("meaning", ["MONOCHROME1", "PALETTE COLOR", "DOE", None])
def test_labels_of_dicom_that_are_not_what_is_stored(
    tmp_path: Path, mr_small: pydicom.Dataset, meaning: str | None
) -> None:
    path = tmp_path / "mask.dcm"
    mr_small.save_as(path)
    np.testing.assert_array_equal(read_label_map(path).array[0], mr_small.pixel_array)
    del mr_small.PhotometricInterpretation
    if meaning is not None:
        mr_small.PhotometricInterpretation = meaning
    mr_small.save_as(path)
    with pytest.raises(UnreadableVolumeError, match="Save the mask as MONOCHROME2") as caught:
        read_label_map(path)
    assert str(caught.value).startswith("mask.dcm: ")
    assert "DOE" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "lossy"),
    [
        ("JPGExtended.dcm", True),
        ("JPEG2000.dcm", True),
        ("MR_small_RLE.dcm", False),
        ("MR_small_jp2klossless.dcm", False),
        ("MR_small_jpeg_ls_lossless.dcm", False),
    ],
)
def test_labels_of_dicom_that_is_packed(tmp_path: Path, name: str, *, lossy: bool) -> None:
    path = Path(str(get_testdata_file(name, download=False)))
    if lossy:
        with pytest.raises(HeaderError, match="packed as JPEG or a kin"):
            check_labels(path)
    else:
        read_label_map(path)
