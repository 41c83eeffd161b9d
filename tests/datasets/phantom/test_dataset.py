"""Datasets and series of phantoms that are written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

from shoulderseg.datasets.phantom.dataset import CaseReport, Writing, write_dataset, write_dicom
from shoulderseg.datasets.phantom.partial_volume_file import write_partial_volumes
from shoulderseg.datasets.phantom.partial_volumes import make_partial_volumes
from shoulderseg.datasets.phantom.presets import PhantomSet, case_options, case_rng
from shoulderseg.datasets.phantom.structures import HUMERUS
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import same_grid
from tests.datasets.phantom.three_cases import THREE, TINY, contents


def strict_json(path: Path) -> Any:  # noqa: ANN401
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_nnunet_finds_the_training_cases(three: Path) -> None:
    assert three.name == "Dataset900_Phantom"
    found = get_filenames_of_train_images_and_targets(str(three))
    assert sorted(found) == ["phantom_0001", "phantom_0002"]
    description = strict_json(three / "dataset.json")
    assert description["labels"] == {"background": 0, "humerus": 1, "glenoid": 2}
    assert description["numTraining"] == 2
    assert "synthetic" in description["licence"]
    assert "Synthetic" in description["description"]
    splits = strict_json(three / "splits_final.json")
    assert sorted(case for fold in splits for case in fold["val"]) == sorted(found)
    assert all(len(fold["train"]) == len(fold["val"]) == 1 for fold in splits)


def test_each_case_has_its_maps_and_its_truth(three: Path) -> None:
    names = strict_json(three / "tissues.json")
    assert (names["0"], names["10"], names["32"]) == ("air", "humerus_cortex", "labrum")
    for name, part in (("phantom_0001", "Tr"), ("phantom_0002", "Tr"), ("phantom_0003", "Ts")):
        image = read_image(three / f"images{part}" / f"{name}_0000.nii.gz")
        labels = read_label_map(three / f"labels{part}" / f"{name}.nii.gz")
        tissues = read_label_map(three / f"tissues{part}" / f"{name}.nii.gz")
        assert same_grid(image, labels)
        assert same_grid(image, tissues)
        assert {str(value) for value in np.unique(tissues.array)} <= set(names)
        # Partial volume moves the edge by less than a voxel; the bulk is the same bone.
        bone = np.isin(tissues.array, list(HUMERUS))
        assert (bone & (labels.array == 1)).sum() > 0.7 * bone.sum() > 0
        truth = strict_json(three / f"parameters{part}" / f"{name}.json")
        assert truth["case"] == name
        assert truth["kept_for"] == ("test" if part == "Ts" else "training")
        assert truth["seed"] == 1
        assert truth["options"]["shape"] == [3, 40, 32]
        assert truth["grid"]["spacing_mm"] == [6.0, 4.0, 4.0]
        assert truth["parameters"]["dimensions"]["head_radius_mm"] > 15
        assert truth["measurements"]


def test_cases_go_round_sequences_and_planes(three: Path) -> None:
    drawn = [strict_json(path)["parameters"]["protocol"] for path in sorted(three.glob("p*/*"))]
    assert [(one["sequence"], one["plane"]) for one in drawn] == [
        ("pd-fs", "axial"),
        ("pd-fs", "coronal"),
        ("gre", "axial"),
    ]


def test_same_seed_gives_the_same_bytes(three: Path, tmp_path: Path) -> None:
    again = write_dataset(tmp_path, THREE, Writing(workers=1)).folder
    assert contents(again) == contents(three)


def test_cases_made_at_the_same_time_are_the_same(three: Path, tmp_path: Path) -> None:
    reports: list[str] = []
    writing = Writing(workers=1, jobs=2, on_case=lambda case: reports.append(case.name))
    folder = write_dataset(tmp_path, THREE, writing).folder
    assert contents(folder) == contents(three)
    assert reports == ["phantom_0001", "phantom_0002", "phantom_0003"]


def test_compressed_files_hold_no_time(three: Path) -> None:
    files = list(three.rglob("*.gz"))
    assert len(files) == 9
    # RFC 1952: bytes 4 to 7 of a gzip file are the time of writing, bit 3 of byte 3 tells of a
    # file name.
    for path in files:
        head = path.read_bytes()[:8]
        assert head[:2] == b"\x1f\x8b"
        assert head[4:] == bytes(4)
        assert not head[3] & 8


def test_a_case_depends_on_number_and_seed_alone(three: Path, tmp_path: Path) -> None:
    image = "imagesTr/phantom_0001_0000.nii.gz"
    alone = replace(THREE, cases=1, test_cases=0)
    first = write_dataset(tmp_path / "a", alone)
    assert (first.folder / image).read_bytes() == (three / image).read_bytes()
    assert first.folds == 0
    assert not (first.folder / "splits_final.json").exists()
    other = write_dataset(tmp_path / "b", replace(alone, seed=2))
    assert (other.folder / image).read_bytes() != (three / image).read_bytes()


def test_whole_scapula_is_called_so(tmp_path: Path) -> None:
    options = replace(TINY, whole_scapula=True)
    report = write_dataset(tmp_path, PhantomSet(options, cases=1), dataset_id=7, name="Whole")
    assert report.folder.name == "Dataset007_Whole"
    labels = strict_json(report.folder / "dataset.json")["labels"]
    assert labels == {"background": 0, "humerus": 1, "scapula": 2}


@pytest.mark.usefixtures("quick")
def test_partial_volume_maps_come_with_their_cases(quick: None, tmp_path: Path) -> None:
    maps = replace(THREE, partial_volumes_mm=5.0)
    folder = write_dataset(tmp_path, maps).folder
    found = sorted(str(path.relative_to(folder)) for path in folder.glob("partial*/*"))
    names = ["Tr/phantom_0001", "Tr/phantom_0002", "Ts/phantom_0003"]
    assert found == [f"partialVolumes{name}.safetensors" for name in names]
    first = (folder / found[0]).read_bytes()
    # The same person as the case's image shows, whatever the images look like.
    expected = make_partial_volumes(case_options(maps, 1), case_rng(maps, 1), spacing_mm=5.0)
    write_partial_volumes(tmp_path / "expected", expected)
    assert first == (tmp_path / "expected").read_bytes()
    (folder / found[0]).unlink()
    report: list[CaseReport] = []
    write_dataset(tmp_path, maps, Writing(on_case=report.append))
    assert [case.seconds is None for case in report] == [False, True, True]
    assert (folder / found[0]).read_bytes() == first
    with pytest.raises(ValueError, match="partial_volumes_mm 5"):
        write_dataset(tmp_path, THREE)


def test_too_few_cases_for_the_folds(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2 patients"):
        write_dataset(tmp_path, THREE, folds=3)
    assert not list(tmp_path.iterdir())


def test_dicom_series_lie_apart_from_everything_else(three: Path, tmp_path: Path) -> None:
    report = write_dicom(tmp_path / "a", THREE)
    assert (report.training_cases, report.test_cases, report.folds) == (2, 1, 0)
    series = tmp_path / "a" / "dicom" / "phantom_0003"
    reader = SimpleITK.ImageSeriesReader()
    names = reader.GetGDCMSeriesFileNames(str(series))
    assert sorted(Path(name) for name in names) == sorted(series.iterdir())
    reader.SetFileNames(names)
    expected = read_image(three / "imagesTs" / "phantom_0003_0000.nii.gz")
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(reader.Execute()), expected.array)
    for kind in ("labels", "tissues"):
        written = tmp_path / "a" / kind / "phantom_0003.nii.gz"
        assert written.read_bytes() == (three / f"{kind}Ts" / written.name).read_bytes()
    truth = strict_json(tmp_path / "a" / "parameters" / "phantom_0003.json")
    assert truth["kept_for"] == "test"
