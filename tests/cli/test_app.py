from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.nnunet_ext.variants import plugin_folder

if TYPE_CHECKING:
    from tests.cli.conftest import Run

COMMANDS = ["predict", "models", "convert", "plan", "env", "train", "train-refiner", "export"]
COMMANDS += ["calibrate", "evaluate", "doctor", "demo"]


def test_help_names_every_command_and_the_limits_of_use(run: Run) -> None:
    outcome = run("--help")
    assert outcome.exit_code == 0
    assert all(command in outcome.output for command in COMMANDS)
    assert "not for clinical use" in " ".join(outcome.output.split())


def test_help_loads_nothing_heavy() -> None:
    check = (
        "import sys; sys.argv = ['shoulderseg', '--help']\n"
        "from shoulderseg.cli.app import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'numpy', 'scipy', 'SimpleITK', 'nnunetv2', 'matplotlib'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    outcome = subprocess.run([sys.executable, "-c", check], capture_output=True, check=False)
    assert outcome.returncode == 0, outcome.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(run: Run, command: str) -> None:
    assert run(command, "--help").exit_code == 0


def test_version(run: Run) -> None:
    assert run("--version").output.startswith("shoulderseg ")


def exported(output: str, variable: str) -> str:
    """What a shell makes of the printed lines."""
    outcome = subprocess.run(
        ["sh", "-c", f'{output}\nprintf %s "${variable}"'],
        capture_output=True,
        text=True,
        check=True,
        env={},
    )
    return outcome.stdout


def test_env_points_at_the_plugin(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("nnUNet_extTrainer", raising=False)
    assert exported(run("env").output, "nnUNet_extTrainer") == str(plugin_folder())


def test_env_keeps_other_trainers_and_does_not_pile_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("nnUNet_extTrainer", "/else where")
    once = exported(run("env").output, "nnUNet_extTrainer")
    assert once == os.pathsep.join([str(plugin_folder()), "/else where"])
    monkeypatch.setenv("nnUNet_extTrainer", once)
    assert exported(run("env").output, "nnUNet_extTrainer") == once


def test_env_with_a_root_sets_nnunets_folders(run: Run, tmp_path: Path) -> None:
    root = tmp_path / "it's here"
    output = run("env", "--root", root).output
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        assert exported(output, variable) == str(root / variable)


def test_doctor_finds_this_installation_sound(run: Run) -> None:
    outcome = run("doctor")
    assert outcome.exit_code == 0, outcome.output
    assert "nnUNetTrainerShoulderGlenoid" in outcome.output


def test_doctor_tells_a_fault_and_hides_futures_of_others(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from shoulderseg.workflows import diagnosis

    def foretell() -> str:
        warnings.warn("gone in the next release", FutureWarning, stacklevel=1)
        return "fine today"

    def fail() -> str:
        raise ImportError("no such thing")  # noqa: EM101

    monkeypatch.setattr(diagnosis, "_torchvision", foretell)
    monkeypatch.setattr(diagnosis, "_trainers", fail)
    outcome = run("doctor")
    assert outcome.exit_code == 3
    assert "ok     torch and torchvision: fine today" in outcome.output
    assert "FAULT  trainers: no such thing" in outcome.output


def test_doctor_names_missing_folders(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    outcome = run("doctor")
    assert outcome.exit_code == 0
    assert "not there yet: nnUNet_raw, nnUNet_preprocessed, nnUNet_results" in outcome.output


def test_demo_spares_a_folder_that_is_not_its_own(run: Run, tmp_path: Path) -> None:
    (tmp_path / "nnUNet_results").mkdir()
    outcome = run("demo", tmp_path)
    assert outcome.exit_code == 2
    assert "choose another folder" in outcome.output
    assert (tmp_path / "nnUNet_results").is_dir()
