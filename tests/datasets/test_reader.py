from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.data import get_testdata_file
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.reader import UnreadableVolumeError, read_image, read_label_map
from shoulderseg.datasets.volume import Volume, same_grid
from shoulderseg.datasets.writer import write_image

_REAL_SLICE = Path(__file__).parents[3] / "shared/data/shoulder_mr_t1_slice/MR2_UNCR.dcm"


def _affine(
    spacing_mm: tuple[float, float, float],
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    affine = np.eye(4)
    axes = Rotation.from_euler("xyz", [25, -40, 70], degrees=True).as_matrix()
    affine[:3, :3] = axes @ np.diag(spacing_mm)
    affine[:3, 3] = (-100.5, 55.25, 33.125)
    return affine


def _ras_affine(volume: Volume) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(volume.direction, (3, 3)) @ np.diag(volume.spacing_mm[::-1])
    affine[:3, 3] = volume.origin_mm
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine


@pytest.fixture
def mr_small() -> pydicom.Dataset:
    return pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".NII.GZ"])
def test_round_trip_keeps_voxels_and_place(tmp_path: Path, oblique: Volume, suffix: str) -> None:
    path = tmp_path / f"case{suffix}"
    write_image(tmp_path / f"case{suffix.lower()}", oblique)
    (tmp_path / f"case{suffix.lower()}").rename(path)
    read = read_image(path)
    assert read.array.dtype == np.float32
    assert np.array_equal(read.array, oblique.array)
    assert same_grid(read, oblique, tolerance_mm=1e-4)


def test_nifti_of_another_writer(tmp_path: Path) -> None:
    data = np.random.default_rng(1).integers(0, 900, (6, 9, 4)).astype(np.int16)
    affine = _affine((0.7, 0.5, 3.0))
    image = nibabel.Nifti1Image(data, affine)
    nibabel.save(image, tmp_path / "case.nii.gz")
    read = read_image(tmp_path / "case.nii.gz")
    assert np.array_equal(read.array, data.transpose())
    assert read.spacing_mm == pytest.approx((3.0, 0.5, 0.7))
    assert np.allclose(_ras_affine(read), affine, atol=1e-4)


def test_big_endian_nifti(tmp_path: Path) -> None:
    header = nibabel.Nifti1Header(endianness=">")
    data = np.arange(6 * 9 * 4, dtype=">i2").reshape(6, 9, 4)
    nibabel.save(nibabel.Nifti1Image(data, _affine((0.7, 0.5, 3.0)), header), tmp_path / "b.nii")
    assert np.array_equal(read_image(tmp_path / "b.nii").array, data.transpose())


@pytest.mark.parametrize("name", ["flat.nii", "flat.nii.gz"])
def test_2d_nifti_keeps_its_tilt(tmp_path: Path, name: str) -> None:
    data = np.random.default_rng(2).random((6, 9)).astype(np.float32)
    affine = _affine((0.7, 0.5, 1.0))
    nibabel.save(nibabel.Nifti1Image(data, affine), tmp_path / name)
    read = read_image(tmp_path / name)
    assert read.array.shape == (1, 9, 6)
    assert np.array_equal(read.array[0], data.transpose())
    assert np.allclose(_ras_affine(read), affine, atol=1e-4)


@pytest.mark.parametrize("suffix", [".mha", ".nrrd"])
def test_2d_image_becomes_one_slice_of_1_mm(tmp_path: Path, suffix: str) -> None:
    image = SimpleITK.GetImageFromArray(np.arange(35, dtype=np.float32).reshape(7, 5))
    image.SetSpacing((0.7, 0.5))
    path = tmp_path / f"flat{suffix}"
    SimpleITK.WriteImage(image, str(path))
    read = read_image(path)
    assert read.array.shape == (1, 7, 5)
    assert read.spacing_mm == pytest.approx((1.0, 0.5, 0.7))


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
def test_trailing_dimension_of_one_is_dropped(tmp_path: Path, oblique: Volume, suffix: str) -> None:
    image = SimpleITK.JoinSeries([SimpleITK.GetImageFromArray(oblique.array)])
    SimpleITK.WriteImage(image, str(tmp_path / f"case{suffix}"))
    assert np.array_equal(read_image(tmp_path / f"case{suffix}").array, oblique.array)


@pytest.mark.parametrize("suffix", [".nii.gz", ".mha", ".nrrd"])
def test_4d_and_colour_are_refused(tmp_path: Path, oblique: Volume, suffix: str) -> None:
    one = SimpleITK.GetImageFromArray(oblique.array)
    path = tmp_path / f"case{suffix}"
    SimpleITK.WriteImage(SimpleITK.JoinSeries([one, one + 1]), str(path))
    with pytest.raises(UnreadableVolumeError, match="4D"):
        read_image(path)
    colour = SimpleITK.GetImageFromArray(np.zeros((5, 7, 11, 3), np.uint8), isVector=True)
    SimpleITK.WriteImage(colour, str(path))
    with pytest.raises(UnreadableVolumeError, match="grey value"):
        read_image(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nii", ".mha", ".nrrd"])
def test_one_voxel_that_is_no_number(
    tmp_path: Path, oblique: Volume, suffix: str, kind: type[np.floating[Any]], value: float
) -> None:
    """SimpleITK reads such a voxel of a NIfTI file as zero."""
    array = oblique.array.astype(kind)
    array[2, 3, 4] = value
    path = tmp_path / f"case{suffix}"
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array), str(path))
    with pytest.raises(UnreadableVolumeError, match="1 of 385 voxels are not finite"):
        read_image(path)


def test_value_beyond_float32_is_refused(tmp_path: Path, oblique: Volume) -> None:
    array = oblique.array.astype(np.float64)
    array[0, 0, 0] = 1e300
    write_image(tmp_path / "case.nrrd", replace(oblique, array=array))
    with pytest.raises(UnreadableVolumeError, match="not finite"):
        read_image(tmp_path / "case.nrrd")


def test_constant_image_is_refused_and_constant_label_map_is_not(
    tmp_path: Path, oblique: Volume
) -> None:
    empty = replace(oblique, array=np.zeros(oblique.array.shape, np.uint8))
    write_image(tmp_path / "case.nii.gz", empty)
    with pytest.raises(UnreadableVolumeError, match="no contrast"):
        read_image(tmp_path / "case.nii.gz")
    assert read_label_map(tmp_path / "case.nii.gz").array.dtype == np.uint8


def test_sheared_nifti_is_refused(tmp_path: Path) -> None:
    affine = np.diag([0.7, 0.5, 3.0, 1.0])
    affine[0, 1] = 0.2
    image = nibabel.Nifti1Image(np.arange(60, dtype=np.float32).reshape(3, 4, 5), affine)
    image.header.set_zooms(np.linalg.norm(affine[:3, :3], axis=0))
    image.set_qform(None, 0)
    nibabel.save(image, tmp_path / "case.nii")
    with pytest.raises(UnreadableVolumeError, match="not perpendicular"):
        read_image(tmp_path / "case.nii")


def test_spacing_in_metres_is_converted_or_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(
        np.arange(60, dtype=np.float32).reshape(3, 4, 5), _affine((0.0007, 0.0005, 0.003))
    )
    image.header.set_xyzt_units("meter")
    nibabel.save(image, tmp_path / "m.nii")
    assert read_image(tmp_path / "m.nii").spacing_mm == pytest.approx((3.0, 0.5, 0.7))
    image.header.set_xyzt_units("mm")
    nibabel.save(image, tmp_path / "mm.nii")
    with pytest.raises(UnreadableVolumeError, match="unit of length"):
        read_image(tmp_path / "mm.nii")


@pytest.mark.parametrize(("sform_code", "used"), [(1, "sform"), (2, "qform")])
def test_contradicting_forms_are_reported(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, sform_code: int, used: str
) -> None:
    image = nibabel.Nifti1Image(np.arange(60, dtype=np.float32).reshape(3, 4, 5), None)
    sform = _affine((0.7, 0.5, 3.0))
    image.set_sform(sform, sform_code)
    image.set_qform(np.diag([0.7, 0.5, 3.0, 1.0]), 1)
    nibabel.save(image, tmp_path / "case.nii")
    read = read_image(tmp_path / "case.nii")
    assert f"the {used} was used" in caplog.text
    assert np.allclose(_ras_affine(read), sform, atol=1e-4) is (used == "sform")


def test_equal_forms_are_silent_and_missing_ones_are_reported(
    tmp_path: Path, oblique: Volume, caplog: pytest.LogCaptureFixture
) -> None:
    write_image(tmp_path / "case.nii.gz", oblique)
    read_image(tmp_path / "case.nii.gz")
    assert not caplog.records
    nibabel.save(
        nibabel.Nifti1Image(np.arange(60, dtype=np.float32).reshape(3, 4, 5), None),
        tmp_path / "none.nii",
    )
    read_image(tmp_path / "none.nii")
    assert "left and right are unknown" in caplog.text


def test_itk_warnings_stay_silent_and_their_switch_is_restored(
    tmp_path: Path, oblique: Volume, capfd: pytest.CaptureFixture[str]
) -> None:
    before = SimpleITK.ProcessObject.GetGlobalWarningDisplay()
    for suffix in (".mha", ".nii.gz"):
        path = tmp_path / f"case{suffix}"
        write_image(path, oblique)
        path.write_bytes(path.read_bytes()[:-200])
        with pytest.raises(UnreadableVolumeError):
            read_image(path)
    assert capfd.readouterr().err == ""
    assert SimpleITK.ProcessObject.GetGlobalWarningDisplay() == before


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float32, np.float64])
def test_label_map_of_any_number_type(
    tmp_path: Path, labels: Volume, kind: type[np.generic]
) -> None:
    write_image(tmp_path / "seg.nii.gz", replace(labels, array=labels.array.astype(kind)))
    read = read_label_map(tmp_path / "seg.nii.gz")
    assert read.array.dtype == np.uint8
    assert np.array_equal(read.array, labels.array)
    assert same_grid(read, labels, tolerance_mm=1e-4)


def test_label_above_255_is_kept(tmp_path: Path, labels: Volume) -> None:
    write_image(tmp_path / "seg.mha", replace(labels, array=labels.array.astype(np.int32) * 100))
    read = read_label_map(tmp_path / "seg.mha")
    assert read.array.dtype == np.uint16
    assert read.array.max() == 500


@pytest.mark.parametrize("value", [0.5, -1.0, np.nan, 70000.0])
def test_label_that_is_no_label(tmp_path: Path, labels: Volume, value: float) -> None:
    array = labels.array.astype(np.float32)
    array[0, 0, 0] = value
    write_image(tmp_path / "seg.nrrd", replace(labels, array=array))
    with pytest.raises(UnreadableVolumeError, match="whole numbers"):
        read_label_map(tmp_path / "seg.nrrd")


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
