from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.folders import (
    adopt_splits,
    data_folder,
    dataset_name,
    fold_names,
    is_preprocessed,
)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / "Dataset007_Shoulder").mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    return tmp_path


def test_unset_variable_says_how_to_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("nnUNet_raw", raising=False)
    with pytest.raises(ValueError, match=r"nnUNet_raw is not set.*shoulderseg env"):
        data_folder("nnUNet_raw")


@pytest.mark.parametrize("given", ["7", "007", "Dataset007_Shoulder"])
def test_number_and_name(folders: Path, given: str) -> None:
    assert dataset_name(given) == "Dataset007_Shoulder"


@pytest.mark.parametrize(("given", "reason"), [("8", "found none"), ("x", "expected a number")])
def test_wrong_dataset(folders: Path, given: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        dataset_name(given)


def test_ambiguous_number(folders: Path) -> None:
    (folders / "nnUNet_raw" / "Dataset007_Other").mkdir()
    with pytest.raises(ValueError, match=r"Dataset007_Other.*Dataset007_Shoulder"):
        dataset_name("7")


def test_splits_are_adopted_once(folders: Path) -> None:
    name = "Dataset007_Shoulder"
    assert not adopt_splits(name)
    (folders / "nnUNet_raw" / name / "splits_final.json").write_text("[1]")
    assert adopt_splits(name)
    target = folders / "nnUNet_preprocessed" / name / "splits_final.json"
    assert target.read_text() == "[1]"
    assert not adopt_splits(name)
    target.write_text("[2]")
    with pytest.raises(ValueError, match="hold different folds"):
        adopt_splits(name)
    assert target.read_text() == "[2]"


def test_training_needs_no_raw_dataset(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("nnUNet_raw")
    assert not adopt_splits("Dataset007_Shoulder")


def test_folds_of_a_dataset(folders: Path) -> None:
    assert fold_names("Dataset007_Shoulder") == ["0", "1", "2", "3", "4"]
    splits = folders / "nnUNet_raw" / "Dataset007_Shoulder" / "splits_final.json"
    splits.write_text("[{}, {}, {}]")
    assert fold_names("Dataset007_Shoulder") == ["0", "1", "2"]


@pytest.fixture
def preprocessed(folders: Path) -> Path:
    """Two raw cases, and everything nnU-Net makes of them."""
    raw = folders / "nnUNet_raw" / "Dataset007_Shoulder"
    done = folders / "nnUNet_preprocessed" / "Dataset007_Shoulder"
    (done / "P_2d").mkdir()
    for case in ("a", "b"):
        for folder, suffix in (("imagesTr", "_0000.nii.gz"), ("labelsTr", ".nii.gz")):
            (raw / folder).mkdir(exist_ok=True)
            (raw / folder / f"{case}{suffix}").touch()
            os.utime(raw / folder / f"{case}{suffix}", (1000, 1000))
        (done / "P_2d" / f"{case}.pkl").touch()
    (done / "P.json").touch()
    os.utime(done / "P.json", (2000, 2000))
    return folders


def is_current() -> bool:
    return is_preprocessed("Dataset007_Shoulder", "P.json", "P_2d")


def test_complete_preprocessing_is_recognised(preprocessed: Path) -> None:
    assert is_current()


def test_an_interrupted_preprocessing_is_not_complete(preprocessed: Path) -> None:
    done = preprocessed / "nnUNet_preprocessed" / "Dataset007_Shoulder"
    (done / "P_2d" / "b.pkl").unlink()
    assert not is_current()
    (done / "P.json").unlink()
    assert not is_current()


@pytest.mark.parametrize("names", [("1.2.840.1", "1.2.840.2"), ("p.1", "p.2"), ("a", "a.b")])
def test_names_with_dots_are_found_again(preprocessed: Path, names: tuple[str, str]) -> None:
    done = preprocessed / "nnUNet_preprocessed" / "Dataset007_Shoulder" / "P_2d"
    raw = preprocessed / "nnUNet_raw" / "Dataset007_Shoulder"
    for old, new in zip(("b", "a"), reversed(names), strict=True):
        for folder, ending in (
            (done, ".pkl"),
            (raw / "imagesTr", "_0000.nii.gz"),
            (raw / "labelsTr", ".nii.gz"),
        ):
            (folder / f"{old}{ending}").rename(folder / f"{new}{ending}")
    assert is_current()
    (done / f"{names[1]}.pkl").unlink()
    assert not is_current()


def test_another_file_ending(preprocessed: Path) -> None:
    raw = preprocessed / "nnUNet_raw" / "Dataset007_Shoulder"
    for path in raw.rglob("*.nii.gz"):
        path.rename(path.with_name(path.name.replace(".nii.gz", ".nrrd")))
    assert not is_current()
    (raw / "dataset.json").write_text(json.dumps({"file_ending": ".nrrd"}))
    assert is_current()


@pytest.mark.parametrize(
    "stray",
    ["imagesTr/.DS_Store", "imagesTr/Thumbs.db", "imagesTr/._a_0000.nii.gz", "labelsTr/._a.nii.gz"],
)
def test_what_systems_leave_in_folders_is_no_case(preprocessed: Path, stray: str) -> None:
    (preprocessed / "nnUNet_raw" / "Dataset007_Shoulder" / stray).touch()
    assert is_current()


def test_images_changed_afterwards_are_noticed(preprocessed: Path) -> None:
    image = preprocessed / "nnUNet_raw" / "Dataset007_Shoulder" / "imagesTr" / "a_0000.nii.gz"
    os.utime(image, (3000, 3000))
    assert not is_current()
