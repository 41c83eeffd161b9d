"""The paper's experiment, with the session's models in the place of its trainings."""

from __future__ import annotations

import csv
import json
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.writer import write_label_map
from shoulderseg.workflows.experiment import steps as experiment_steps
from shoulderseg.workflows.experiment.steps import own_environment
from shoulderseg.workflows.processes import steps as process_steps

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import TrainedDataset

ID, NAME = "7", "Dataset007_Own"
OPTIONS = ["--train-patients", "5", "--test-patients", "2", "--size", "small", "--device", "cpu"]
# What `predict` is told to do as a row does.
ROWS = {
    "vote3_mean": ["--no-refine", "--vote", "mean"],
    "vote3_staple_refined": ["--refine", "--vote", "staple"],
    "vote4": ["--no-refine", "--voters", "all"],
    "vote4_refined": ["--refine", "--voters", "all"],
}
# Notes its words, and as stock nnU-Net how long and how fast it is to learn; fails where a file
# says so, plans and exports what the session has made, and predicts by laying the references down.
COMMAND = """#!/bin/sh
echo "$(basename $0) $@" >> {log}
if [ -f {fails} ] && [ "$1" = "$(cat {fails})" ]; then exit 3; fi
case "$(basename $0) $1" in
"shoulderseg plan") to=$nnUNet_preprocessed/{name}; mkdir -p $to && cp {plans}/*.json $to ;;
"shoulderseg export") rm -rf $3 && cp -r {bundle} $3 ;;
"nnUNetv2_train {name}")
  told="$SHOULDERSEG_EPOCHS $SHOULDERSEG_ITERATIONS $SHOULDERSEG_LEARNING_RATE from"
  echo "$told $SHOULDERSEG_START_FROM" >> {log}.stock ;;
"nnUNetv2_predict -i") mkdir -p $4 && cp $(dirname $2)/labels/* $4 ;;
esac
"""


@pytest.fixture
def log(
    bundle: Path, trained: TrainedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Stand-ins for the commands that take hours."""
    log = tmp_path / "calls.txt"
    plans = trained.root / "nnUNet_preprocessed" / trained.name
    text = COMMAND.format(log=log, fails=tmp_path / "fails", name=NAME, plans=plans, bundle=bundle)

    def stand_in(name: str) -> str:
        script = tmp_path / name
        script.write_text(text)
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return str(script)

    for module in (process_steps, experiment_steps):
        monkeypatch.setattr(module, "installed_script", stand_in)
    return log


@pytest.fixture
def raw(trained: TrainedDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A raw dataset of eight shoulders, whose labels have other values than the models' had."""
    raw = tmp_path / "nnUNet_raw" / NAME
    (raw / "imagesTr").mkdir(parents=True)
    (raw / "labelsTr").mkdir()
    for images, labels in (("images", "labels"), ("unseen", "unseen_labels")):
        for path in sorted((trained.root / images).iterdir()):
            case = path.name.removesuffix(".nii.gz")
            shutil.copy(path, raw / "imagesTr" / f"{case}_0000.nii.gz")
            shutil.copy(trained.root / labels / path.name, raw / "labelsTr")
    described = json.loads(
        (trained.root / "nnUNet_raw" / trained.name / "dataset.json").read_text()
    )
    (raw / "dataset.json").write_text(json.dumps(described | {"numTraining": 8}))
    monkeypatch.setenv("nnUNet_raw", str(raw.parent))
    monkeypatch.setenv("nnUNet_preprocessed", str(tmp_path / "nnUNet_preprocessed"))
    return raw


def stock_schedules(log: Path) -> list[str]:
    """What each training of stock nnU-Net was told: epochs, iterations, rate, and a start."""
    lines = Path(f"{log}.stock").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines]


def test_each_row_is_what_predict_does(
    run: Run, raw: Path, log: Path, bundle: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    schedule = ["--epochs", "2", "--iterations", "20", "--learning-rate", "0.02"]
    outcome = run("experiment", ID, out, *OPTIONS, *schedule)
    assert outcome.exit_code == 0, outcome.output
    assert stock_schedules(log) == ["2 20 0.02 from"] * 5
    images = out / "test" / "images"
    for row, options in ROWS.items():
        words = ["--model", bundle, "--device", "cpu", *options]
        predicted = tmp_path / row
        assert run("predict", images, predicted, *words).exit_code == 0
        for path in sorted((out / "predictions" / row).iterdir()):
            ours = read_label_map(path).array
            assert ours.any()
            # `predict` keeps nnU-Net's channel number in the name of a case, or not.
            (other,) = predicted.glob(f"{path.name.removesuffix('.nii.gz')}*.nii.gz")
            np.testing.assert_array_equal(ours, read_label_map(other).array, err_msg=row)
    # The stand-in for stock nnU-Net laid the references down.
    kept = json.loads((out / "results.json").read_text())
    assert kept["rows"]["stock_2d"]["humerus"]["dice"]["mean"] == 1
    assert kept["rows"]["vote3"]["humerus"]["dice"]["mean"] < 1
    assert all(
        one["difference"] <= 0 for one in kept["comparisons"] if one["against"] == "stock_2d"
    )
    shutil.copytree(out, tmp_path / "other")
    assert "| out * | - |" in run("compare-experiments", out, tmp_path / "other").output
    assert "| stock nnU-Net 2d | 2 | 1.000 ± 0.000 |" in (out / "results.md").read_text()
    with (out / "results.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert len({line["case"] for line in lines}) == 2
    assert {line["structure"] for line in lines} == {"humerus", "glenoid", "both as one"}
    assert not {line["case"] for line in lines} & set(kept["patients"]["train"])
    assert "data:image/png;base64," in (out / "results.html").read_text()


def test_steps_come_in_order_and_what_is_done_is_kept(
    run: Run, raw: Path, log: Path, bundle: Path, tmp_path: Path
) -> None:
    out, fails = tmp_path / "out", tmp_path / "fails"
    words: list[object] = ["experiment", ID, out, *OPTIONS, "--start-from", tmp_path / "my bundle"]
    words += ["--epochs", "3", "--iterations", "20", "--learning-rate", "0.001"]
    shutil.copytree(bundle, tmp_path / "my bundle")
    fails.write_text("train-refiner")
    outcome = run(*words)
    assert outcome.exit_code == 3
    assert "exit code 3: shoulderseg train-refiner" in " ".join(outcome.output.split())
    fails.unlink()
    assert run(*words).exit_code == 0
    lines = log.read_text(encoding="utf-8").splitlines()
    assert [line.split()[1] for line in lines[:3]] == ["plan", "train", "train-refiner"]
    steps = [
        line.split()[0] if line.startswith("nnUNet") else line.split()[1] for line in lines[3:]
    ]
    stock = ["nnUNetv2_preprocess", *["nnUNetv2_train"] * 5, "nnUNetv2_predict"]
    assert steps == ["plan", "train", "train-refiner", "export", *stock]
    ours = f"--epochs 3 --iterations 20 --learning-rate 0.001 --start-from {tmp_path / 'my bundle'}"
    assert ours in lines[1]
    # As many steps, and from random weights at a rate that suits these.
    assert stock_schedules(log) == ["3 20  from"] * 5
    assert "stock nnU-Net with random ones and its own rate of 0.01" in (
        (out / "results.md").read_text()
    )
    assert "--inputs votes" in lines[2]
    assert all("-tr nnUNetTrainerScheduled" in line for line in lines if "nnUNetv2_train" in line)
    _goes_on(run, out, words)
    other = run(*words, "--seed", "2")
    assert other.exit_code == 2
    assert "seed 1, now 2" in " ".join(other.output.split())


def _goes_on(run: Run, out: Path, words: list[object]) -> None:
    before = (out / "results.json").read_bytes()
    # A kept score is read, not made again; another image's is not.
    first, second = sorted((out / "cases").iterdir())
    scores = json.loads(first.read_text())
    scores["rows"]["vote3"]["humerus"]["dice"] = 0.125
    first.write_text(json.dumps(scores))
    second.write_text("{}")
    assert run(*words).exit_code == 0
    after = json.loads((out / "results.json").read_text())
    case = first.name.removesuffix(".json")
    assert after["by_patient"]["vote3"]["humerus"]["dice"][case] == 0.125
    scores["key"] = "of another image"
    first.write_text(json.dumps(scores))
    assert run(*words).exit_code == 0
    assert (out / "results.json").read_bytes() == before
    # One that cannot be scored is named, and tried again.
    label_map = out / "stock" / "2d" / f"{case}.nii.gz"
    label_map.rename(out / "kept")
    assert run(*words).exit_code == 1
    (failed,) = json.loads((out / "results.json").read_text())["failed"]
    assert failed.startswith(f"{case}: ")
    (out / "kept").rename(label_map)
    assert run(*words).exit_code == 0
    assert (out / "results.json").read_bytes() == before


def test_a_cluster_trains_on_the_devices_that_it_has(
    run: Run, raw: Path, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "fails").write_text("train")
    scheduler = "tcp://host:8786"
    for number, options in enumerate((["--scheduler", scheduler], ["--workers", "2"], [])):
        assert run("experiment", ID, tmp_path / str(number), *OPTIONS, *options).exit_code == 3
    train = [line for line in log.read_text(encoding="utf-8").splitlines() if " train " in line]
    told = [line.partition("--size small ")[2] for line in train]
    assert told == [f"--scheduler {scheduler}", "--workers 2", "--device cpu"]
    both = run("experiment", ID, tmp_path / "both", "--scheduler", scheduler, "--workers", "2")
    assert both.exit_code == 2


def test_a_test_case_that_cannot_be_used_is_named_before_anything_is_trained(
    run: Run, raw: Path, log: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["experiment", ID, out, *OPTIONS, "--stock", "none"]
    assert run(*words).exit_code == 0
    assert "stock_2d" not in json.loads((out / "results.json").read_text())["rows"]
    label = sorted((out / "test" / "labels").iterdir())[0]
    reference = read_label_map(label)
    # One that lacks a bone can be used.
    write_label_map(label, (reference.array == 1).astype(np.uint8), reference)
    assert run(*words).exit_code == 0
    kept = json.loads((out / "results.json").read_text())
    assert {row: one["glenoid"]["dice"]["n"] for row, one in kept["rows"].items()} == dict.fromkeys(
        kept["rows"], 1
    )
    assert kept["false_positives"]["vote3"] == {"humerus": 0, "glenoid": 1, "both as one": 0}
    calls = log.read_text(encoding="utf-8")
    write_label_map(label, np.where(reference.array == 2, 5, 1).astype(np.uint8), reference)
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert f"{label.name} has the values [5], which are no labels" in " ".join(
        outcome.output.split()
    )
    damaged = sorted((out / "test" / "images").iterdir())[0]
    damaged.write_bytes(damaged.read_bytes()[:200])
    outcome = run(*words)
    assert outcome.exit_code == 2
    assert damaged.name in outcome.output
    assert "is the experiment's own copy: remove it if" in " ".join(outcome.output.split())
    assert log.read_text(encoding="utf-8") == calls


def test_the_environment_does_not_say_how_long_to_learn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", "3")
    monkeypatch.setenv("SHOULDERSEG_START_FROM", "elsewhere")
    environment = own_environment(tmp_path)
    assert not {"SHOULDERSEG_EPOCHS", "SHOULDERSEG_START_FROM"} & set(environment)
    monkeypatch.setenv("SHOULDERSEG_MODELS", "store")
    assert own_environment(tmp_path)["SHOULDERSEG_MODELS"] == "store"
