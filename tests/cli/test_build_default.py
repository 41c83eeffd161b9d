from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from shoulderseg.workflows.processes import steps as process_steps

if TYPE_CHECKING:
    from tests.cli.conftest import Run


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the command that notes its words, and fails where a file says so."""
    log, fails = tmp_path / "calls.txt", tmp_path / "fails"
    script = tmp_path / "shoulderseg"
    script.write_text(
        f'#!/bin/sh\necho "$nnUNet_results $@" >> {log}\n'
        f'if [ -f {fails} ] && [ "$1" = "$(cat {fails})" ]; then exit 3; fi\n'
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(process_steps, "installed_script", lambda _: str(script))
    return log


def steps(log: Path) -> list[str]:
    return [
        line.split("nnUNet_results ")[1].split()[0]
        for line in log.read_text(encoding="utf-8").splitlines()
    ]


def test_the_steps_come_in_order_and_share_their_folders(
    run: Run, tmp_path: Path, calls: Path
) -> None:
    root = tmp_path / "built here"
    words = ["--cases", "7", "--epochs", "3", "--trainings", "3", "--start-from", "my bundle"]
    outcome = run("build-default", root, *words, "--learning-rate", "0.001")
    assert outcome.exit_code == 0, outcome.output
    rest = ["plan", "train", "train", "train", "train-refiner", "export"]
    assert steps(calls) == ["phantom", *rest, "phantom", "calibrate"]
    lines = calls.read_text(encoding="utf-8").splitlines()
    assert all(line.startswith(str(root / "nnUNet_results")) for line in lines)
    assert f"phantom {root / 'nnUNet_raw'} --dataset-id" in lines[0]
    assert "--cases 7" in lines[0]
    trained = {line.split("--variants ")[1].split()[0] for line in lines[2:5]}
    assert trained == {"humerus", "glenoid", "whole"}
    assert all("--epochs 3" in line for line in lines[2:5])
    assert all("--learning-rate 0.001" in line for line in lines[2:5])
    assert all(line.endswith("--start-from my bundle") for line in lines[2:5])
    assert "--upright" in lines[6]
    # People that the networks never saw.
    assert "--seed 2021" in lines[0]
    assert "--seed 2022" in lines[7]
    assert f"calibrate {root / 'bundle'} {root / 'calibration'}" in lines[8]
    assert str(root / "bundle") in outcome.output


def test_synthetic_training_has_its_refiner_on_the_votes_of_its_unets(
    run: Run, tmp_path: Path, calls: Path
) -> None:
    root = tmp_path / "built"
    outcome = run("build-default", root, "--synthetic", "--start-from", "default")
    assert outcome.exit_code == 0, outcome.output
    rest = ["plan", "train", "train", "train", "export", "train-refiner", "export"]
    assert steps(calls) == ["phantom", *rest, "phantom", "calibrate"]
    lines = calls.read_text(encoding="utf-8").splitlines()
    assert "--partial-volumes" in lines[0]
    assert all("--synthetic --start-from default" in line for line in lines[2:5])
    assert f"export 901 {root / 'unets'} --size small --folds 0" in lines[5]
    assert lines[5].endswith("--synthetic --crop --three-planes")
    assert f"train-refiner 901 --unets {root / 'unets'} --folds 0 --inputs votes" in lines[6]
    assert f"export 901 {root / 'bundle'} --unets {root / 'unets'} --overwrite" in lines[7]
    # The calibration's phantoms are never trained on.
    assert "--partial-volumes" not in lines[8]


def test_a_calibrated_bundle_is_not_calibrated_again(run: Run, tmp_path: Path, calls: Path) -> None:
    bundle = tmp_path / "built" / "bundle"
    bundle.mkdir(parents=True)
    (bundle / "quality.json").touch()
    assert run("build-default", tmp_path / "built").exit_code == 0
    assert steps(calls)[-1] == "export"


def test_two_do_not_build_in_one_folder(run: Run, tmp_path: Path, calls: Path) -> None:
    with FileLock(tmp_path / ".lock"):
        outcome = run("build-default", tmp_path)
    assert outcome.exit_code == 2
    assert "another build-default is at work" in outcome.output
    assert not calls.exists()
    assert run("build-default", tmp_path).exit_code == 0


def test_a_file_in_place_of_the_folder(run: Run, tmp_path: Path, calls: Path) -> None:
    (tmp_path / "file").touch()
    outcome = run("build-default", tmp_path / "file")
    assert outcome.exit_code == 2
    assert "exists" in outcome.output


def test_a_failed_step_ends_it_and_is_named(run: Run, tmp_path: Path, calls: Path) -> None:
    (tmp_path / "fails").write_text("train")
    outcome = run("build-default", tmp_path / "built", "--trainings", "2")
    assert outcome.exit_code == 3
    assert "exit code 3: shoulderseg train 901 --variants humerus" in outcome.output
    assert steps(calls) == ["phantom", "plan", "train", "train"]
