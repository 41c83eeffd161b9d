from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.cli import steps as cli_steps

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
    monkeypatch.setattr(cli_steps, "installed_script", lambda _: str(script))
    return log


def steps(log: Path) -> list[str]:
    return [line.split("nnUNet_results ")[1].split()[0] for line in log.read_text().splitlines()]


def test_the_steps_come_in_order_and_share_their_folders(
    run: Run, tmp_path: Path, calls: Path
) -> None:
    root = tmp_path / "built here"
    words = ["--cases", "7", "--epochs", "3", "--trainings", "3", "--start-from", "my bundle"]
    outcome = run("build-default", root, *words)
    assert outcome.exit_code == 0, outcome.output
    assert steps(calls) == ["phantom", "plan", "train", "train", "train", "train-refiner", "export"]
    lines = calls.read_text().splitlines()
    assert all(line.startswith(str(root / "nnUNet_results")) for line in lines)
    assert f"phantom {root / 'nnUNet_raw'} --dataset-id" in lines[0]
    assert "--cases 7" in lines[0]
    trained = {line.split("--variants ")[1].split()[0] for line in lines[2:5]}
    assert trained == {"humerus", "glenoid", "whole"}
    assert all("--epochs 3" in line for line in lines[2:5])
    assert all(line.endswith("--start-from my bundle") for line in lines[2:5])
    assert "--upright" in lines[-1]
    assert str(root / "bundle") in outcome.output


def test_a_failed_step_ends_it_and_is_named(run: Run, tmp_path: Path, calls: Path) -> None:
    (tmp_path / "fails").write_text("train")
    outcome = run("build-default", tmp_path / "built", "--trainings", "2")
    assert outcome.exit_code == 3
    assert "exit code 3: shoulderseg train 901 --variants humerus" in outcome.output
    assert steps(calls) == ["phantom", "plan", "train", "train"]
