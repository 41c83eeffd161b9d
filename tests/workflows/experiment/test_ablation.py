"""Experiments on the same patients that learned otherwise, beside each other."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoulderseg.workflows.experiment.ablation import (
    Trial,
    chosen_by_training,
    compare_experiments,
)
from shoulderseg.workflows.experiment.ablation_table import ablation_markdown, write_record
from shoulderseg.workflows.experiment.data import lay_out
from shoulderseg.workflows.experiment.protocol import Protocol
from tests.workflows.experiment.made_experiment import write_raw

CASES = [f"p{number}" for number in range(8)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_raw(tmp_path / "raw" / "Dataset004_Made", CASES)


def finish(
    source: Path,
    out: Path,
    protocol: Protocol,
    held_out: float | None,
    dice: Sequence[float | None],
    **changed: object,
) -> Path:
    """Leaves the results of an experiment, whose test patients in order have these Dice."""
    data = lay_out(source, out, protocol)
    rows = {
        row: {"mean of both": {"dice": dict(zip(sorted(data.assignment.test), some, strict=True))}}
        for row, some in (("vote3", dice), ("vote3_refined", [0.1] * 3))
    }
    found: dict[str, Any] = {
        "protocol": protocol.as_record(),
        "patients": data.assignment.as_record(),
        "held_out": None if held_out is None else {"dice": held_out, "patients": 5},
        "usual": "vote3",
        "by_patient": rows,
        "failed": [],
    }
    (out / "results.json").write_text(json.dumps(found | changed))
    return out


def compare(*folders: Path) -> list[Trial]:
    return compare_experiments(folders, np.random.default_rng(1))


def test_the_training_patients_choose_and_not_the_test_patients(
    source: Path, tmp_path: Path
) -> None:
    first = finish(source, tmp_path / "random", Protocol("4", epochs=3), 0.80, [0.7, 0.8, 0.9])
    begun = Protocol("4", epochs=3, start_from="default", learning_rate=0.001)
    second = finish(source, tmp_path / "begun", begun, 0.85, [0.75, 0.8, 0.88])
    third = finish(source, tmp_path / "long", Protocol("4", epochs=9), 0.84, [0.8, 0.9, 1.0])
    trials = compare(first, second, third)
    assert chosen_by_training(trials).name == "begun"
    # Fields in which all are the same are left out, and the number of the dataset is no option.
    options: list[Mapping[str, object]] = [
        {"epochs": 3, "learning_rate": None, "start_from": None},
        {"epochs": 3, "learning_rate": 0.001, "start_from": "default"},
        {"epochs": 9, "learning_rate": None, "start_from": None},
    ]
    assert [dict(trial.options) for trial in trials] == options
    assert trials[0].against is None
    assert trials[2].against is not None
    assert trials[2].against.mean_difference == pytest.approx(0.1)
    assert trials[2].against.p_value == pytest.approx(0.25)
    table = ablation_markdown(trials).splitlines()
    assert table[3].startswith("| begun * | epochs 3, learning_rate 0.001, start_from default |")
    assert table[3].split(" | ")[2:5] == ["0.850", "0.810 ± 0.066", "3"]
    assert table[4].split(" | ")[5:] == ["+0.1000", "+0.1000 to +0.1000", "0.250 |"]


def test_a_patient_without_both_bones_counts_in_no_experiment(source: Path, tmp_path: Path) -> None:
    first = finish(source, tmp_path / "a", Protocol("4"), 0.8, [0.7, None, 0.9])
    second = finish(source, tmp_path / "b", Protocol("4", epochs=2), 0.8, [0.8, None, 0.8])
    trials = compare(first, second)
    assert math.isnan(list(trials[0].tested.values())[1])
    assert trials[1].against is not None
    assert trials[1].against.n == 2
    # Of equals the first.
    assert chosen_by_training(trials).name == "a"
    write_record(tmp_path / "found.json", trials)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["chosen"] == "a"
    assert None in found["experiments"][0]["tested"].values()
    assert found["experiments"][1]["against_the_first"]["n"] == 2


def test_other_patients_and_files_are_not_compared(source: Path, tmp_path: Path) -> None:
    first = finish(source, tmp_path / "a", Protocol("4"), 0.8, [0.7, 0.8, 0.9])
    drawn = finish(source, tmp_path / "b", Protocol("4", seed=2), 0.8, [0.7, 0.8, 0.9])
    with pytest.raises(ValueError, match="not of the same patients, folds and files"):
        compare(first, drawn)
    other = write_raw(tmp_path / "other" / "Dataset004_Made", CASES)
    image = other / "imagesTr" / "p2_0000.nii.gz"
    image.write_bytes(image.read_bytes() + b"\0")
    mended = finish(other, tmp_path / "c", Protocol("4"), 0.8, [0.7, 0.8, 0.9])
    with pytest.raises(ValueError, match="not of the same patients, folds and files"):
        compare(first, mended)


def test_what_differs_is_shown_whichever_comes_first(source: Path, tmp_path: Path) -> None:
    strong = Protocol("4", augmentation="strong")
    dice = [0.7, 0.8, 0.9]
    one = finish(source, tmp_path / "usual" / "out", Protocol("4"), 0.8, dice)
    other = finish(source, tmp_path / "strong" / "out", strong, 0.8, dice)
    # One of before augmentation could be chosen, and before versions were noted.
    found = json.loads((one / "results.json").read_text())
    del found["protocol"]["augmentation"]
    (one / "results.json").write_text(json.dumps(found))
    for folders in ((one, other), (other, one)):
        trials = {trial.name: trial.options for trial in compare(*folders)}
        assert trials == {
            "usual/out": {"augmentation": None},
            "strong/out": {"augmentation": "strong"},
        }
    begun = [
        finish(
            source,
            tmp_path / name,
            Protocol("4"),
            0.8,
            dice,
            start={"weights_sha256": name * 64},
            begun_with={"shoulderseg": version},
        )
        for name, version in (("a", "1.0"), ("b", "2.0"))
    ]
    assert [trial.options for trial in compare(*begun)] == [
        {"start weights": "a" * 12, "shoulderseg": "1.0"},
        {"start weights": "b" * 12, "shoulderseg": "2.0"},
    ]


def test_what_cannot_be_compared_is_told(source: Path, tmp_path: Path) -> None:
    first = finish(source, tmp_path / "a", Protocol("4"), 0.8, [0.7, 0.8, 0.9])
    with pytest.raises(ValueError, match="1 experiments, expected at least 2"):
        compare(first)
    with pytest.raises(ValueError, match="is given twice"):
        compare(first, tmp_path / "raw" / ".." / "a")
    with pytest.raises(FileNotFoundError, match=r"raw holds no finished experiment: expected"):
        compare(first, tmp_path / "raw")
    old = finish(source, tmp_path / "old", Protocol("4"), None, [0.7, 0.8, 0.9])
    with pytest.raises(ValueError, match="once more, which only scores anew"):
        compare(first, old)
    failed = finish(
        source, tmp_path / "failed", Protocol("4"), 0.8, [0.7, 0.8, 0.9], failed=["p1: damaged"]
    )
    with pytest.raises(ValueError, match="not all test cases are scored: p1: damaged"):
        compare(first, failed)
    (old / "results.json").write_text('{"protocol": {}, "held_out": {"dice": 0.5}}')
    with pytest.raises(ValueError, match="no result of an experiment: patients, by_patient, usual"):
        compare(first, old)
    (old / "results.json").write_text("{")
    with pytest.raises(ValueError, match=r"damaged results\.json"):
        compare(first, old)
