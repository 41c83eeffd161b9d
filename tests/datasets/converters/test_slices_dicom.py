"""Folders of DICOM slices keep their own spacing and place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file

from tests.datasets.converters.slice_folders import STACK, load_stack, reason_of, save_slice


def _write_dicom(
    folder: Path, spacing_mm: tuple[float, float, float], odd_mm: float | None = None
) -> None:
    """Four slices; `odd_mm` is the distance of rows of the last one."""
    header = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    normal = np.cross(header.ImageOrientationPatient[:3], header.ImageOrientationPatient[3:])
    header.PixelSpacing = list(spacing_mm[1:])
    (folder / "images").mkdir(parents=True)
    for number in range(4):
        if number == 3 and odd_mm is not None:
            header.PixelSpacing[0] = odd_mm
        header.ImagePositionPatient = (spacing_mm[0] * number * normal).tolist()
        header.save_as(folder / "images" / f"{number}.dcm")
        values = np.full(header.pixel_array.shape, 90 * (number == 1), np.uint8)
        save_slice(folder / "masks" / f"{number}.png", values)


def test_dicom_slices_keep_their_own_spacing(tmp_path: Path) -> None:
    """Half a percent is rounding on the command line, and still half a millimetre on 100."""
    _write_dicom(tmp_path / "a", (3.52, 0.5023, 0.6964))
    image, _ = load_stack(tmp_path)
    assert image.spacing_mm == pytest.approx((3.52, 0.5023, 0.6964), rel=1e-6)


def test_dicom_slices_of_two_sizes_of_pixels(tmp_path: Path) -> None:
    _write_dicom(tmp_path / "a", (3.5, 0.5, 0.7), odd_mm=0.503)
    reason = reason_of(tmp_path)
    assert "3.dcm: its pixels are 0.503 x 0.7 mm (rows x columns), expected 0.5 x 0.7" in reason


@pytest.mark.parametrize("backwards", [False, True])
def test_dicom_slices_keep_their_place(tmp_path: Path, backwards: bool) -> None:

    header = pydicom.dcmread(str(get_testdata_file("MR_small.dcm")))
    normal = np.cross(header.ImageOrientationPatient[:3], header.ImageOrientationPatient[3:])
    first = np.array([5.0, -7.0, 11.0])
    pixels = header.pixel_array
    header.PixelSpacing = [0.5, 0.7]
    for number in range(4):
        header.ImagePositionPatient = (first + 3.5 * number * normal).tolist()
        header.PixelData = (pixels + number).tobytes()
        name = f"{4 - number if backwards else number}"
        (tmp_path / "a/images").mkdir(parents=True, exist_ok=True)
        header.save_as(tmp_path / "a/images" / f"{name}.dcm")
        save_slice(
            tmp_path / "a/masks" / f"{name}.png",
            np.full(pixels.shape, 90 * (number == 1), np.uint8),
        )
    image, label_map = load_stack(tmp_path)
    np.testing.assert_allclose(image.origin_mm, first, atol=1e-6)
    step = np.reshape(image.direction, (3, 3))[:, 2]
    np.testing.assert_allclose(step, normal, atol=1e-6)
    np.testing.assert_array_equal(image.array[3], image.array[0] + 3)
    assert [int(part.sum()) for part in label_map // 2] == [0, pixels.size, 0, 0]
    other = replace(STACK, spacing_mm=(3.0, 0.5, 0.7))
    assert "it lies 0.50 mm from where slice 2" in reason_of(tmp_path, other)
    other = replace(STACK, spacing_mm=(3.5, 0.7, 0.5))
    assert "its pixels are 0.5 x 0.7 mm" in reason_of(tmp_path, other)


def test_a_mask_that_says_it_lies_elsewhere(tmp_path: Path) -> None:
    """Masks were exported in the opposite order: the names meet, the places do not."""
    _write_dicom(tmp_path / "a", (3.5, 0.5, 0.7))
    for number in range(4):
        header = pydicom.dcmread(tmp_path / f"a/images/{number}.dcm")
        drawn = np.full(header.pixel_array.shape, 90 * (number == 1), header.pixel_array.dtype)
        header.PixelData = drawn.tobytes()
        header.save_as(tmp_path / f"a/masks/{number}.dcm")
        (tmp_path / f"a/masks/{number}.png").unlink()
    assert [int(part.any()) for part in load_stack(tmp_path).label_map] == [0, 1, 0, 0]
    masks = tmp_path / "a/masks"
    swaps = (("0", "x"), ("3", "0"), ("x", "3"), ("1", "x"), ("2", "1"), ("x", "2"))
    for name, other in swaps:
        (masks / f"{name}.dcm").rename(masks / f"{other}.dcm")
    reason = reason_of(tmp_path)
    assert "0.dcm: it lies elsewhere than the image of this name. voxels lie up to 10.5" in reason


def test_masks_of_an_array_without_a_place(tmp_path: Path) -> None:
    """SimpleITK writes the origin, 1 mm and the scanner's axes, and counts slices from there."""
    _write_dicom(tmp_path / "a", (3.5, 0.5, 0.7))
    for counted in (0, 1):
        for number in range(4):
            header = pydicom.dcmread(tmp_path / f"a/images/{number}.dcm")
            drawn = np.full(header.pixel_array.shape, 90 * (number == 1), header.pixel_array.dtype)
            header.PixelData = drawn.tobytes()
            header.PixelSpacing, header.ImagePositionPatient = [1, 1], [0, 0, counted * number]
            header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
            header.save_as(tmp_path / f"a/masks/{number}.dcm")
            (tmp_path / f"a/masks/{number}.png").unlink(missing_ok=True)
        assert [int(part.any()) for part in load_stack(tmp_path).label_map] == [0, 1, 0, 0]
    header.PixelSpacing = [1, 0.9]
    header.save_as(tmp_path / "a/masks/3.dcm")
    assert "3.dcm: it lies elsewhere than the image of this name" in reason_of(tmp_path)


def test_one_black_slice_rejects_nobody(tmp_path: Path) -> None:
    """As in PNG; a stack without any contrast is rejected."""
    _write_dicom(tmp_path / "a", (3.5, 0.5, 0.7))
    for number in range(4):
        path = tmp_path / f"a/images/{number}.dcm"
        header = pydicom.dcmread(path)
        header.PixelData = b"\0" * len(header.PixelData)
        header.save_as(path)
        if number == 0:
            image, _ = load_stack(tmp_path)
            assert image.array[0].max() == 0 < image.array[1].max()
    assert "its slices have no contrast" in reason_of(tmp_path)
