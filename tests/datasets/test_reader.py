"""Image files of any format become volumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK

from shoulderseg.datasets.in_memory import image_from
from shoulderseg.datasets.reader import UnreadableVolumeError, read_image, read_label_map
from shoulderseg.datasets.volume import Volume, ras_affine, same_grid
from shoulderseg.datasets.writer import write_image


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha", ".NII.GZ"])
def test_round_trip_keeps_voxels_and_place(tmp_path: Path, oblique: Volume, suffix: str) -> None:
    path = tmp_path / f"case{suffix}"
    write_image(tmp_path / f"case{suffix.lower()}", oblique)
    (tmp_path / f"case{suffix.lower()}").rename(path)
    read = read_image(path)
    assert read.array.dtype == np.float32
    assert np.array_equal(read.array, oblique.array)
    assert same_grid(read, oblique, tolerance_mm=1e-4)


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


def _turned_by(shear_deg: float, digits: int = 16) -> SimpleITK.Image:
    """An image turned by 30 degrees whose second axis leans towards the first."""
    image = SimpleITK.GetImageFromArray(np.arange(60, dtype=np.float32).reshape(3, 4, 5))
    first, lean = np.radians(30), np.radians(120 - shear_deg)
    axes = np.eye(3)
    axes[:2, 0], axes[:2, 1] = (np.cos(first), np.sin(first)), (np.cos(lean), np.sin(lean))
    image.SetDirection(axes.round(digits).ravel().tolist())
    return image


@pytest.mark.parametrize("suffix", [".mha", ".mhd", ".nrrd"])
def test_sheared_axes_are_refused_in_any_format(tmp_path: Path, suffix: str) -> None:
    """NIfTI holds none: a mask written in it would lie elsewhere."""
    path = tmp_path / f"case{suffix}"
    SimpleITK.WriteImage(_turned_by(1), str(path))
    for read in (read_image, read_label_map):
        with pytest.raises(UnreadableVolumeError, match=r"^case.*not perpendicular \(sheared\)"):
            read(path)
    SimpleITK.WriteImage(_turned_by(0, digits=5), str(path))
    assert read_image(path).array.shape == (3, 4, 5)


def _rounded(number: int, shape: tuple[int, int, int]) -> SimpleITK.Image:
    """An image of oblique axes that are rounded to three decimals."""
    values = (np.arange(np.prod(shape)) % 500).astype(np.float32).reshape(shape)
    image = SimpleITK.GetImageFromArray(values)
    axes = np.linalg.qr(np.random.default_rng(number).normal(size=(3, 3)))[0]
    axes[:, 0] *= np.sign(np.linalg.det(axes))
    image.SetSpacing((0.6, 0.6, 3.0))
    image.SetOrigin((-31.0, 12.5, 40.0))
    image.SetDirection(axes.round(3).ravel().tolist())
    return image


@pytest.mark.parametrize("suffix", [".mha", ".nrrd"])
def test_rounded_axes_are_made_perpendicular(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"case{suffix}"
    for number in range(20):
        image = _rounded(number, (8, 96, 96))
        SimpleITK.WriteImage(image, str(path))
        for read in (read_image(path), read_label_map(path), image_from(image)):
            axes = np.reshape(read.direction, (3, 3))
            np.testing.assert_allclose(axes.T @ axes, np.eye(3), rtol=0, atol=1e-3)
            stated = Volume(read.array, (3.0, 0.6, 0.6), image.GetOrigin(), image.GetDirection())
            assert same_grid(read, stated)


def test_an_affine_of_rounded_axes_is_made_perpendicular() -> None:
    for number in (80, 107):
        image = _rounded(number, (8, 96, 96))
        array = SimpleITK.GetArrayFromImage(image)
        stated = Volume(array, (3.0, 0.6, 0.6), image.GetOrigin(), image.GetDirection())
        # The lengths of the axes pass for the sizes of voxels.
        assert same_grid(image_from((array, ras_affine(stated))), stated)


def test_rounded_axes_that_would_move_a_corner_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "case.mha"
    SimpleITK.WriteImage(_turned_by(0.4), str(path))
    assert read_image(path).array.shape == (3, 4, 5)
    image = SimpleITK.GetImageFromArray(np.arange(90000, dtype=np.float32).reshape(1, 300, 300))
    image.SetDirection(_turned_by(0.4).GetDirection())
    SimpleITK.WriteImage(image, str(path))
    with pytest.raises(UnreadableVolumeError, match="sheared"):
        read_image(path)


def test_sheared_axes_are_refused_in_memory() -> None:
    sheared = _turned_by(1)
    with pytest.raises(ValueError, match="sheared"):
        image_from(sheared)
    array = SimpleITK.GetArrayFromImage(sheared)
    with pytest.raises(ValueError, match="sheared"):
        image_from(Volume(array, (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), sheared.GetDirection()))
    assert image_from(_turned_by(0, digits=5)).array.shape == (3, 4, 5)


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
    with pytest.raises(UnreadableVolumeError, match=r"go up to 1e\+300"):
        read_image(tmp_path / "case.nrrd")


def test_constant_image_is_refused_and_constant_label_map_is_not(
    tmp_path: Path, oblique: Volume
) -> None:
    empty = replace(oblique, array=np.zeros(oblique.array.shape, np.uint8))
    write_image(tmp_path / "case.nii.gz", empty)
    with pytest.raises(UnreadableVolumeError, match="no contrast"):
        read_image(tmp_path / "case.nii.gz")
    assert read_label_map(tmp_path / "case.nii.gz").array.dtype == np.uint8


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


@pytest.mark.parametrize(("value", "told"), [(1 + 1e-7, "1.0000001192092896"), (2.5, "2.5")])
def test_the_label_that_is_none_is_told_with_all_its_digits(
    tmp_path: Path, labels: Volume, value: float, told: str
) -> None:
    write_image(
        tmp_path / "seg.nrrd", replace(labels, array=(labels.array > 0) * np.float32(value))
    )
    with pytest.raises(UnreadableVolumeError) as caught:
        read_label_map(tmp_path / "seg.nrrd")
    assert told in caught.value.reason


@pytest.mark.parametrize(
    ("name", "without"),
    [("a.nrrd", b"space:"), ("a.mha", b"TransformMatrix"), ("a.mhd", b"TransformMatrix")],
)
def test_a_text_header_without_orientation_is_doubted(
    tmp_path: Path, labels: Volume, caplog: pytest.LogCaptureFixture, name: str, without: bytes
) -> None:
    path = tmp_path / name
    write_image(tmp_path / "a.mha" if name == "a.mhd" else path, labels)
    if name == "a.mhd":
        SimpleITK.WriteImage(SimpleITK.ReadImage(str(tmp_path / "a.mha")), str(path))
    read_image(path)
    assert caplog.messages == []
    kept = [line for line in path.read_bytes().split(b"\n") if not line.startswith(without)]
    path.write_bytes(
        b"\n".join(kept).replace(b"space directions", b"space dimension: 3\nspace directions")
    )
    read_image(path)
    assert caplog.messages == [
        f"{name}: the header states no orientation, so left and right are unknown."
    ]
