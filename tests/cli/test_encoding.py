"""Terminals and locales that know no more than ASCII."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image

_COMMAND = Path(sys.executable).with_name("shoulderseg")
_AXES = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# A locale that Python does not replace with UTF-8, on a system that has only C.
_ASCII_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.fixture
def label_maps(tmp_path: Path) -> Path:
    array = np.zeros((4, 20, 18), np.uint8)
    array[:, 2:6, 2:6], array[:, 8:10, 2:8] = 1, 2
    folder = tmp_path / "labels"
    folder.mkdir()
    for name in ("a1", "患者1", "Müller²"):
        write_image(folder / f"{name}.nii.gz", Volume(array, (2.0, 1.0, 1.0), (0, 0, 0), _AXES))
    return folder


def _run(environment: dict[str, str], *words: Path | str) -> subprocess.CompletedProcess[bytes]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LC_", "LANG"))}
    return subprocess.run(
        [_COMMAND, *words],
        env={**kept, **environment},
        capture_output=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONIOENCODING": "ascii"}, _ASCII_LOCALE, {"PYTHONIOENCODING": "latin-1"}],
    ids=["ascii", "locale", "latin-1"],
)
def test_scores_are_written_and_shown(
    label_maps: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    written = tmp_path / "scores.csv"
    done = _run(environment, "evaluate", label_maps, label_maps, "--csv", written)
    assert done.returncode == 0, done.stderr
    assert b"1.000" in done.stdout
    assert b"Traceback" not in done.stderr
    shown = done.stdout.decode("latin-1")
    assert ("1.000±0.000" if "latin-1" in str(environment) else "1.000+-0.000") in shown
    with written.open(encoding="utf-8", newline="") as stream:
        assert {row["case"] for row in csv.DictReader(stream)} == {"a1", "患者1", "Müller²"}


def test_other_commands_print_and_write_names_of_any_kind(tmp_path: Path, label_maps: Path) -> None:
    rng = np.random.default_rng(0)
    images = tmp_path / "images"
    images.mkdir()
    for path in label_maps.iterdir():
        array = rng.normal(100, 30, (4, 20, 18)).astype(np.float32)
        write_image(images / path.name, Volume(array, (2.0, 1.0, 1.0), (0, 0, 0), _AXES))
    done = _run(_ASCII_LOCALE, "inspect", images)
    assert done.returncode == 0, done.stderr
    assert any(name in done.stdout for name in (rb"\u60a3\u8005", "患者".encode()))
    words = ("--map", "1=humerus,2=glenoid", "--folds", "3")
    done = _run(_ASCII_LOCALE, "convert", "pairs", images, label_maps, tmp_path / "out", *words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/Dataset001_Shoulder/imagesTr/患者1_0000.nii.gz").exists()
    done = _run(_ASCII_LOCALE, "evaluate", images, label_maps)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("told", [["-X", "utf8=0"], ["-E", "-X", "utf8=0"]], ids=" ".join)
def test_it_starts_again_once_only(told: list[str]) -> None:
    """Where the interpreter is told to ignore what would make its file names UTF-8."""
    done = subprocess.run(
        [sys.executable, *told, _COMMAND, "--version"],
        env={**os.environ, **_ASCII_LOCALE},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout[:11]) == (0, b"shoulderseg")
