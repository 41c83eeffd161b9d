"""Grids of NIfTI files."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from shoulderseg.datasets.reader import UnreadableVolumeError, read_image
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image


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


def test_what_a_quaternion_rounds_away_is_no_disagreement(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Axial images stand at half a turn to NIfTI's axes, where single precision moves a corner most.
    array = np.broadcast_to(np.arange(400, dtype=np.float32), (2, 400, 400))
    for seed in range(30):
        turn = Rotation.from_rotvec(np.random.default_rng(seed).normal(0, 1e-3, 3)).as_matrix()
        direction = tuple(float(number) for number in turn.ravel())
        write_image(tmp_path / "a.nii", Volume(array, (3.0, 0.9, 0.9), (0.0, 0.0, 0.0), direction))
        read_image(tmp_path / "a.nii")
    assert "disagree" not in caplog.text
    image = nibabel.Nifti1Image.from_filename(tmp_path / "a.nii")
    moved = image.affine.copy()
    moved[0, 3] += 0.6
    image.set_sform(moved, 1)
    nibabel.save(image, tmp_path / "b.nii")
    read_image(tmp_path / "b.nii")
    assert "disagree by up to" in caplog.text
