from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from shoulderseg.nnunet_ext.plans import SMALL_PLANS

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import TrainedDataset


@pytest.fixture
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / "Dataset004_X").mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "nnUNet_preprocessed" / "Dataset004_X" / "nnUNetPlans.json").write_text("{}")
    return tmp_path


def test_dry_run_prints_every_command_and_runs_none(run: Run, planned: Path) -> None:
    words = "train 4 --dry-run --epochs 30 --iterations 7 --learning-rate 0.002 --device cpu"
    outcome = run(*words.split())
    assert outcome.exit_code == 0, outcome.output
    lines = outcome.output.splitlines()
    assert len(lines) == 15
    assert all("SHOULDERSEG_EPOCHS=30 SHOULDERSEG_ITERATIONS=7" in line for line in lines)
    assert all("SHOULDERSEG_LEARNING_RATE=0.002" in line for line in lines)
    assert lines[5].endswith(
        "nnUNetv2_train Dataset004_X 2d 0 -tr nnUNetTrainerShoulderGlenoid "
        "-p nnUNetPlans -device cpu"
    )
    assert not list((planned / "nnUNet_results" / "Dataset004_X").iterdir())


def test_synthetic_trainings_have_their_own_trainers(run: Run, planned: Path) -> None:
    outcome = run("train", "4", "--dry-run", "--device", "cpu", "--folds", "0", "--synthetic")
    assert outcome.exit_code == 0, outcome.output
    used = [line.split("-tr ")[1].split()[0] for line in outcome.output.splitlines()]
    bones = ("Humerus", "Glenoid", "Whole")
    assert used == [f"nnUNetTrainerShoulder{bone}Synthetic" for bone in bones]


@pytest.mark.parametrize("rate", ["0", "-0.1", "nan", "inf"])
def test_odd_learning_rates_are_refused(run: Run, planned: Path, rate: str) -> None:
    outcome = run("train", "4", "--dry-run", "--device", "cpu", "--learning-rate", rate)
    assert outcome.exit_code == 2
    assert "expected a number above zero" in outcome.output


def test_it_starts_from_a_sound_bundle_only(run: Run, planned: Path, untrained: Path) -> None:
    words = ["train", "4", "--dry-run", "--device", "cpu", "--start-from"]
    outcome = run(*words, str(untrained))
    assert outcome.exit_code == 0, outcome.output
    assert f"SHOULDERSEG_START_FROM={untrained}" in outcome.output
    changed = planned / "changed"
    shutil.copytree(untrained, changed)
    with (changed / "humerus_fold_0.safetensors").open("ab") as stream:
        stream.write(b"more")
    outcome = run(*words, str(changed))
    assert outcome.exit_code == 2
    assert "is not the file that was exported" in " ".join(outcome.output.split())


def test_unplanned_size_says_what_to_run(run: Run, planned: Path) -> None:
    outcome = run("train", "4", "--size", "small", "--dry-run")
    assert outcome.exit_code == 2
    assert "shoulderseg plan 4 --size small" in " ".join(outcome.output.split())


def test_an_unknown_dataset_tells_where_it_was_looked_for(run: Run, planned: Path) -> None:
    outcome = run("train", "9", "--dry-run", "--device", "cpu")
    assert outcome.exit_code == 2
    told = " ".join(outcome.output.split())
    assert f"{planned / 'nnUNet_raw'}, which holds Dataset004_X" in told
    assert f"{planned / 'nnUNet_preprocessed'}, which holds Dataset004_X" in told


def test_plan_adds_the_small_network_without_preprocessing(
    run: Run, trained: TrainedDataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = trained.root / "nnUNet_preprocessed" / trained.name / "shoulderSmallPlans.json"
    before = small.read_text()
    monkeypatch.setenv("nnUNet_results", str(tmp_path))
    try:
        for batch_size in ("3", "5"):
            outcome = run("plan", "901", "--size", "small", "--batch-size", batch_size)
            assert outcome.exit_code == 0, outcome.output
            assert "planned already" in outcome.output
            planned = json.loads(small.read_text())["configurations"]["2d"]["batch_size"]
            assert planned == int(batch_size)
    finally:
        small.write_text(before)


def test_plans_that_models_were_trained_with_stay(run: Run, trained: TrainedDataset) -> None:
    small = trained.root / "nnUNet_preprocessed" / trained.name / "shoulderSmallPlans.json"
    before = small.read_text()
    assert "batch size 6" in run("plan", "901", "--size", "small").output
    outcome = run("plan", "901", "--size", "small", "--batch-size", "3")
    assert outcome.exit_code == 2
    assert "holds models of batch size 6" in " ".join(outcome.output.split())
    assert small.read_text() == before


def test_what_is_finished_is_not_trained_again(run: Run, trained: TrainedDataset) -> None:
    outcome = run("train", "901", "--size", "small", "--folds", "0", "--device", "cpu")
    assert outcome.exit_code == 0
    assert outcome.output.count("is finished") == 3
    assert "nnUNetv2_train" not in outcome.output


def test_refiner_resumes_to_the_same_weights(
    run: Run, trained: TrainedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An epoch, an interruption and another epoch equal two epochs in a row."""
    import shoulderseg.refine.training as training
    from shoulderseg.workflows.refiner.training import PROGRESS_FILE

    words = "train-refiner 901 --size auto --epochs 2 --steps 3 --batch-size 16 --device cpu"
    words += " --without-votes"
    # No U-Net of this size is trained, so there are no votes and one classifier.
    folder = trained.results / "shoulderRefiner__nnUNetPlans" / "fold_0"
    assert run(*words.split()).exit_code == 0
    # Nothing is thrown away because of another option.
    assert run(*words.replace("--steps 3", "--steps 4").split()).exit_code == 2
    whole = torch.load(folder / PROGRESS_FILE, weights_only=True)["state"]["weights"]
    (folder / PROGRESS_FILE).unlink()

    original = training._score

    def interrupted(*args: object) -> float:
        if (folder / PROGRESS_FILE).exists():
            raise KeyboardInterrupt
        return original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(training, "_score", interrupted)
    assert run(*words.split()).exit_code == 130
    assert torch.load(folder / PROGRESS_FILE, weights_only=True)["state"]["epoch"] == 1
    monkeypatch.setattr(training, "_score", original)
    assert run(*words.split()).exit_code == 0
    resumed = torch.load(folder / PROGRESS_FILE, weights_only=True)["state"]["weights"]
    for name, tensor in whole.items():
        assert torch.equal(tensor, resumed[name]), name


def test_refiner_is_not_trained_before_the_unets(run: Run, planned: Path) -> None:
    outcome = run("train-refiner", "4", "--device", "cpu")
    assert outcome.exit_code == 2
    told = " ".join(outcome.output.split())
    assert "no fold that all three U-Nets of --size auto have finished" in told
    assert "run `shoulderseg train 4 --size auto` first" in told
    assert "--unets default" in told
    assert not list((planned / "nnUNet_results" / "Dataset004_X").iterdir())


def test_refiner_without_votes_is_not_said_to_help(run: Run, trained: TrainedDataset) -> None:
    words = "train-refiner 901 --size auto --epochs 2 --steps 3 --batch-size 16 --device cpu"
    words += " --without-votes"
    outcome = run(*words.split())
    assert outcome.exit_code == 0, outcome.output
    assert "nothing shows whether it helps" in " ".join(outcome.output.split())
    folder = trained.results / "shoulderRefiner__nnUNetPlans"
    described = json.loads((folder / "refiner.json").read_text())
    assert described["helps"] is False
    assert described["cross_validation"] is None
    (epochs,) = described["training"]["epochs"].values()
    best = max(epoch["balanced_accuracy"] for epoch in epochs[:2])
    assert list(described["training"]["balanced_accuracy"].values()) == [best]
    outcome = run(*words.split(), "--inputs", "votes", "--restart")
    assert outcome.exit_code == 2
    assert "train all folds of the U-Nets first" in " ".join(outcome.output.split())


def test_refiner_is_judged_on_patients_that_no_model_saw(
    trained: TrainedDataset, bundle: Path
) -> None:
    folder = trained.results / "shoulderRefiner__shoulderSmallPlans"
    described = json.loads((folder / "refiner.json").read_text())
    splits = trained.root / "nnUNet_raw" / trained.name / "splits_final.json"
    held_out = json.loads(splits.read_text())[0]["val"]
    # Only fold 0 of the U-Nets is trained.
    assert described["folds"] == ["0"]
    assert sorted(p.stem for p in (folder / "votes").iterdir()) == sorted(held_out)
    judged = described["cross_validation"]
    assert judged["cases"] == len(held_out)
    gains = [rule["gain"] for rule in judged["rules"]]
    best = judged["rules"][gains.index(max(gains))]
    assert {name: best[name] for name in described["rule"]} == described["rule"]
    assert judged["gain"] <= max(gains)
    assert not described["helps"] or judged["gain"] > judged["standard_error"]
    assert json.loads((bundle / "bundle.json").read_text())["refiner"] == described


def test_a_refiner_of_other_unets_is_not_exported(
    run: Run, trained: TrainedDataset, bundle: Path, tmp_path: Path
) -> None:
    path = trained.results / "shoulderRefiner__shoulderSmallPlans" / "refiner.json"
    before = path.read_text()
    described = json.loads(before)
    try:
        for changed in ({"unets": {"0": "of an earlier training"}}, {"folds": None}):
            path.write_text(json.dumps(described | changed))
            outcome = run("export", "901", tmp_path / "bundle", "--size", "small")
            assert outcome.exit_code == 2
            assert "run `shoulderseg train-refiner` again" in " ".join(outcome.output.split())
            assert not (tmp_path / "bundle").exists()
    finally:
        path.write_text(before)


def test_votes_are_kept_and_a_damaged_file_of_them_is_made_again(
    trained: TrainedDataset, bundle: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from shoulderseg.workflows.refiner.out_of_fold import out_of_fold_votes, read_votes
    from shoulderseg.workflows.refiner.voters import trained_voters

    voters = trained_voters(trained.name, SMALL_PLANS, ["0"])
    ask = (trained.name, voters, {"0": ["s0"]}, tmp_path, "cpu")
    with caplog.at_level("INFO", logger="shoulderseg"):
        first = read_votes(out_of_fold_votes(*ask)["s0"])
        assert first.shape == (3, 7, 48, 40)
        assert caplog.text.count("voted on s0") == 1
        out_of_fold_votes(*ask)
        assert caplog.text.count("voted on s0") == 1
        for damaged in (b"", (tmp_path / "s0.npz").read_bytes()[:-300]):
            (tmp_path / "s0.npz").write_bytes(damaged)
            again = read_votes(out_of_fold_votes(*ask)["s0"])
            np.testing.assert_array_equal(again, first)
    assert caplog.text.count("voted on s0") == 3


def test_refiner_that_sees_votes_learns_from_voted_patients_only(
    run: Run, trained: TrainedDataset
) -> None:
    """One fold of U-Nets leaves no voted patient to learn from, and says so."""
    words = "train-refiner 901 --size small --inputs votes --epochs 1 --steps 2 --batch-size 8"
    outcome = run(*words.split(), "--device", "cpu", "--restart")
    assert outcome.exit_code == 2
    assert "0 cases with out-of-fold votes to learn from" in " ".join(outcome.output.split())
    outcome = run(*words.split(), "--device", "cpu", "--folds", "1")
    assert outcome.exit_code == 2
    assert "fold 1 has no out-of-fold votes" in " ".join(outcome.output.split())
