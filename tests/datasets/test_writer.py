from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import Volume, same_grid
from shoulderseg.datasets.writer import write_image, write_label_map


def test_label_map_has_the_affine_of_its_image(tmp_path: Path, labels: Volume) -> None:
    axes = np.diag([0.7, 0.5, 3.0, 1.0])
    turn = np.deg2rad(33)
    axes[:2, :2] = (
        np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ axes[:2, :2]
    )
    axes[:3, 3] = (91.25, -14.5, 60.125)
    source = nibabel.Nifti1Image(np.random.default_rng(0).random((11, 7, 5), np.float32), axes)
    nibabel.save(source, tmp_path / "image.nii.gz")
    image = read_image(tmp_path / "image.nii.gz")
    write_label_map(tmp_path / "seg.nii.gz", labels.array, image)
    written = nibabel.Nifti1Image.from_filename(tmp_path / "seg.nii.gz")
    assert np.allclose(written.affine, source.affine, rtol=0, atol=1e-4)
    assert np.array_equal(np.asarray(written.dataobj), labels.array.transpose())
    assert written.get_data_dtype() == np.uint8
    assert written.header.get_xyzt_units()[0] == "mm"


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_round_trip_on_the_grid_of_the_image(
    tmp_path: Path, oblique: Volume, labels: Volume, suffix: str
) -> None:
    write_label_map(tmp_path / f"seg{suffix}", labels.array, oblique)
    read = read_label_map(tmp_path / f"seg{suffix}")
    assert np.array_equal(read.array, labels.array)
    assert same_grid(read, oblique, tolerance_mm=1e-4)


def test_second_round_trip_changes_nothing(tmp_path: Path, oblique: Volume) -> None:
    write_image(tmp_path / "a.nii.gz", oblique)
    first = read_image(tmp_path / "a.nii.gz")
    write_image(tmp_path / "b.nii.gz", first)
    second = read_image(tmp_path / "b.nii.gz")
    assert first.spacing_mm == second.spacing_mm
    assert first.origin_mm == second.origin_mm
    assert first.direction == pytest.approx(second.direction, abs=1e-7)


@pytest.mark.parametrize("inner", [".nii", ".nii.gz", ".img", ".hdr", ".nia", ".IMG.gz", ".b"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_a_name_with_a_suffix_inside_is_kept(
    tmp_path: Path, oblique: Volume, inner: str, suffix: str
) -> None:
    path = tmp_path / f"a{inner}{suffix}"
    write_image(path, oblique)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    np.testing.assert_array_equal(read_image(path).array, oblique.array)


def test_single_slice_is_written_as_3d(tmp_path: Path, oblique: Volume) -> None:
    slice_2d = replace(oblique, array=oblique.array[:1])
    write_label_map(tmp_path / "seg.nii.gz", np.ones((1, 7, 11), np.uint8), slice_2d)
    assert nibabel.Nifti1Image.from_filename(tmp_path / "seg.nii.gz").shape == (11, 7, 1)


def test_wrong_shape_type_and_suffix(tmp_path: Path, oblique: Volume, labels: Volume) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        write_label_map(tmp_path / "seg.nii.gz", labels.array[:, :, :-1], oblique)
    with pytest.raises(ValueError, match="expected uint8"):
        write_label_map(tmp_path / "seg.nii.gz", labels.array.astype(np.int16), oblique)
    with pytest.raises(ValueError, match="expected one of the suffixes"):
        write_label_map(tmp_path / "seg.png", labels.array, oblique)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".nrrd", ".mha"])
def test_full_disk_keeps_the_old_file_and_leaves_no_part(
    tmp_path: Path, oblique: Volume, suffix: str
) -> None:
    resource = pytest.importorskip("resource")
    path = tmp_path / f"image{suffix}"
    write_image(path, oblique)
    before = path.read_bytes()
    noise = np.random.default_rng(0).random((20, 100, 100))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        with pytest.raises(OSError, match=f"Cannot write image{suffix}"):
            write_image(path, replace(oblique, array=noise))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_written_file_has_ordinary_rights(tmp_path: Path, oblique: Volume) -> None:
    (tmp_path / "plain").touch()
    write_image(tmp_path / "image.nii.gz", oblique)
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "image.nii.gz")}
    assert len(modes) == 1


def test_folders_whose_names_are_no_text_can_be_written_to(tmp_path: Path, oblique: Volume) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/out\xff"))
    folder.mkdir()
    for suffix in (".nii.gz", ".nrrd", ".mha"):
        write_image(folder / f"a{suffix}", oblique)
        assert np.array_equal(read_image(folder / f"a{suffix}").array, oblique.array)
    assert len(list(folder.iterdir())) == 3
