"""A script in the place of nnU-Net's, and what commands made of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from typer.testing import CliRunner, Result

from shoulderseg.cli.app import app
from shoulderseg.workflows.training import train
from shoulderseg.workflows.training.train import TrainingOrder, prepare_trainings

NAME = "Dataset004_X"
PATIENCE_S = 120.0
# Writes its arguments and process, what it is told, and what a finished training has. Fold 1 stops
# early, fold 2 waits for ever.
SCRIPT = """#!{python}
import json, os, sys, time, zipfile
from pathlib import Path
words = sys.argv[1:]
fold, trainer, plans = words[2], words[words.index("-tr") + 1], words[words.index("-p") + 1]
model = Path(os.environ["nnUNet_results"], words[0], f"{{trainer}}__{{plans}}__2d")
folder = model / f"fold_{{fold}}"
folder.mkdir(parents=True, exist_ok=True)
(folder / "log.txt").open("a").write(f"{{os.getpid()}} {{' '.join(words)}}\\n")
told = {{name: value for name, value in os.environ.items() if name.startswith("SHOULDERSEG_")}}
(folder / "told.json").write_text(json.dumps(told))
if fold == "1":
    sys.exit(1)
with zipfile.ZipFile(folder / "checkpoint_latest.pth", "w") as archive:
    archive.writestr("checkpoint/data.pkl", "")
while fold == "2" and not Path(os.environ["nnUNet_results"], "enough").exists():
    time.sleep(0.05)
(folder / "validation").mkdir(exist_ok=True)
(folder / "validation" / "summary.json").write_text("{{}}")
"""


def command(*words: str) -> Result:
    return CliRunner().invoke(app, ["train", "4", "--device", "auto", *words])


def logs(results: Path) -> dict[str, list[str]]:
    """What the script wrote, by trainer and fold."""
    files = sorted(results.rglob("log.txt"))
    names = [f"{path.parent.parent.name.split('__')[0]} {path.parent.name}" for path in files]
    return {name: path.read_text().splitlines() for name, path in zip(names, files, strict=True)}


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def run_of(folds: list[str]) -> train.TrainingRun:
    return prepare_trainings(TrainingOrder("4", "auto", variants=["whole"], folds=folds))
