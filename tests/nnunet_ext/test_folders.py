from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.folders import adopt_splits, data_folder, dataset_name


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
    target.write_text("[2]")
    assert not adopt_splits(name)
    assert target.read_text() == "[2]"
