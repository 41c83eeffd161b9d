from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import Run

MODEL = "nnUNetTrainer__nnUNetPlans__2d"
FILES = ("dataset.json", "fold_0/checkpoint_final.pth", "plans.json")


def test_the_zip_file_holds_four_models_and_the_messages_tell_how_to_use_them(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "new folder" / "models.zip"
    outcome = run("models", "export", untrained, out, "--as", "nnunet", "--dataset-id", 7)
    assert outcome.exit_code == 0, outcome.output
    datasets = [
        *("Dataset007_ShoulderBones", "Dataset008_ShoulderHumerus"),
        *("Dataset009_ShoulderGlenoid", "Dataset010_ShoulderWhole"),
    ]
    with zipfile.ZipFile(out) as content:
        expected = [f"{dataset}/{MODEL}/{file}" for dataset in datasets for file in FILES]
        assert content.namelist() == expected
    assert f"nnUNetv2_install_pretrained_model_from_zip {out}" in outcome.output
    assert "-d Dataset007_ShoulderBones -c 2d -p nnUNetPlans -f 0" in outcome.output
    assert "Dataset007_ShoulderBones: 1 humerus, 2 glenoid" in outcome.output


def test_an_existing_file_is_replaced_only_when_asked_for_and_by_the_same_bytes(
    run: Run, untrained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "models.zip"
    words = ("models", "export", untrained, out, "--as", "nnunet")
    assert run(*words).exit_code == 0
    first = out.read_bytes()
    refused = run(*words)
    assert refused.exit_code != 0
    assert "give --overwrite" in refused.output
    assert run(*words, "--overwrite").exit_code == 0
    assert out.read_bytes() == first


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("models", [], "should be called *.zip"),
        ("models.zip", ["--dataset-id", "997"], "is 997, expected 1 to 996"),
        ("models.zip", ["--dataset-id", "0"], "is 0, expected 1 to 996"),
    ],
)
def test_what_nnunet_could_not_install_is_refused(
    run: Run, untrained: Path, tmp_path: Path, name: str, words: list[str], told: str
) -> None:
    outcome = run("models", "export", untrained, tmp_path / name, "--as", "nnunet", *words)
    assert outcome.exit_code != 0
    assert told in " ".join(outcome.output.split())
    assert list(tmp_path.iterdir()) == []
