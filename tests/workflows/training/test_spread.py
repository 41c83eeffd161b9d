"""Trainings on a cluster, with a script in the place of nnU-Net's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from distributed import LocalCluster
from typer.testing import CliRunner, Result

from shoulderseg.cli.app import app
from shoulderseg.workflows.cohort.cluster import Where, joined
from shoulderseg.workflows.errors import BrokenEnvironmentError
from shoulderseg.workflows.lock import held_open
from shoulderseg.workflows.training import spread, train
from shoulderseg.workflows.training.train import Schedule, TrainingOrder, prepare_trainings

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training

NAME = "Dataset004_X"
PATIENCE_S = 120.0
# Writes its arguments and process, what it is told, and what a finished training has. Fold 1 stops
# early, fold 2 waits for ever.
SCRIPT = """#!{python}
import json, os, sys, time
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
(folder / "checkpoint_latest.pth").touch()
while fold == "2":
    time.sleep(0.05)
(folder / "validation").mkdir(exist_ok=True)
(folder / "validation" / "summary.json").write_text("{{}}")
"""


@pytest.fixture
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """nnU-Net's folders with a dataset that is planned; gives that of the results."""
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        (tmp_path / variable / NAME).mkdir(parents=True)
        monkeypatch.setenv(variable, str(tmp_path / variable))
    (tmp_path / "nnUNet_preprocessed" / NAME / "nnUNetPlans.json").write_text("{}")
    script = tmp_path / "nnUNetv2_train"
    script.write_text(SCRIPT.format(python=sys.executable))
    script.chmod(0o755)
    for module in (train, spread):
        monkeypatch.setattr(module, "installed_script", lambda _: str(script))
    return tmp_path / "nnUNet_results" / NAME


@pytest.fixture
def scheduler() -> Iterator[str]:
    """The address of a cluster of two workers in this process."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address="127.0.0.1:0",
        memory_limit=0,
    ) as cluster:
        yield cluster.scheduler_address


def command(*words: str) -> Result:
    return CliRunner().invoke(app, ["train", "4", "--device", "auto", *words])


def logs(results: Path) -> dict[str, list[str]]:
    """What the script wrote, by trainer and fold."""
    files = sorted(results.rglob("log.txt"))
    names = [f"{path.parent.parent.name.split('__')[0]} {path.parent.name}" for path in files]
    return {name: path.read_text().splitlines() for name, path in zip(names, files, strict=True)}


@contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Holds a lock until it is released."""
    with ExitStack() as stack:
        stack.enter_context(held_open(path, BlockingIOError()))
        yield stack.close


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_training_is_run_once_by_one_of_the_workers(results: Path, scheduler: str) -> None:
    outcome = command("--folds", "0,3", "--scheduler", scheduler)
    assert outcome.exit_code == 0, outcome.output
    assert outcome.output.count("is trained") == 6
    found = logs(results)
    assert [len(lines) for lines in found.values()] == [1] * 6
    # Each worker chooses its device.
    assert all(lines[0].endswith("-device cpu") for lines in found.values())
    again = command("--folds", "0,3", "--scheduler", scheduler)
    assert again.output.count("is finished") == 6
    assert logs(results) == found


def test_one_that_stops_early_is_named_and_the_others_are_trained(
    results: Path, scheduler: str
) -> None:
    words = ["--folds", "0,1", "--variants", "whole,humerus", "--scheduler", scheduler]
    outcome = command(*words)
    assert outcome.exit_code == 1
    assert "failed: humerus fold 1: nnU-Net stopped early" in " ".join(outcome.output.split())
    assert "not trained to the end: " in outcome.output
    assert outcome.output.count("is trained") == 2


def run_of(folds: list[str]) -> train.TrainingRun:
    return prepare_trainings(TrainingOrder("4", "auto", variants=["whole"], folds=folds))


def test_a_stopped_command_ends_the_trainings_and_goes_on_later(
    results: Path, scheduler: str
) -> None:
    def stop(training: Training, problem: str) -> None:
        wait_for(lambda: "fold_2" in str(list(logs(results))))
        raise KeyboardInterrupt

    with joined(Where(scheduler)) as crew, pytest.raises(KeyboardInterrupt):
        spread.train_on_cluster(run_of(["0", "2"]), crew, stop)
    (line,) = next(lines for name, lines in logs(results).items() if name.endswith("fold_2"))
    wait_for(lambda: not is_alive(int(line.split()[0])))
    # It would go on from its checkpoint, also where the command does not know of that yet.
    before = run_of(["2"])
    assert before.trainings[0].command[-1] == "--c"


def test_one_that_another_process_works_on_is_waited_for(results: Path, scheduler: str) -> None:
    run = run_of(["0", "3"])
    folder = run.trainings[0].folder.parent
    folder.mkdir()
    told: list[str] = []
    with joined(Where(scheduler)) as crew, held(folder / ".fold_0.lock") as release:

        def tell(training: Training, problem: str) -> None:
            told.append(training.fold + problem)
            release()

        spread.train_on_cluster(run, crew, tell)
    assert told == ["3", "0"]


def test_a_training_that_another_began_meanwhile_goes_on_from_its_checkpoint(
    results: Path, scheduler: str
) -> None:
    run = run_of(["0"])
    folder = run.trainings[0].folder
    folder.mkdir(parents=True)
    (folder / "checkpoint_latest.pth").touch()
    with joined(Where(scheduler)) as crew:
        spread.train_on_cluster(run, crew, lambda *_: None)
    ((line,),) = logs(results).values()
    assert line.endswith("-device cpu --c")


def told(folder: Path) -> dict[str, str]:
    """What a training was told of how to learn; the trainers take an empty variable for none."""
    variables: dict[str, str] = json.loads((folder / "told.json").read_text())
    return {
        name.removeprefix("SHOULDERSEG_"): value
        for name, value in variables.items()
        if value and name != "SHOULDERSEG_MODELS"
    }


def test_a_workers_own_variables_say_nothing(
    results: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = TrainingOrder("4", "auto", variants=["whole"], schedule=Schedule(epochs=7))
    run = prepare_trainings(order)
    folders = {name: os.environ[name] for name in ("nnUNet_preprocessed", "nnUNet_results")}
    place = spread.TrainingPlace(folders, Path(folders["nnUNet_preprocessed"]))
    own = {"EPOCHS": "3", "ITERATIONS": "5", "LEARNING_RATE": "1", "SYNTHESIS_ADAM": "1"}
    for name, value in (own | {"START_FROM": "elsewhere"}).items():
        monkeypatch.setenv(f"SHOULDERSEG_{name}", value)
    with joined(Where(scheduler)) as crew:
        first = run.trainings[0]
        came = crew.client.submit(spread.train_one, place, run, first, pure=False).result()
    assert came == spread.Trained()
    assert told(first.folder) == {"EPOCHS": "7"}


def test_variables_of_the_command_reach_the_workers(
    results: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOULDERSEG_SYNTHESIS_ADAM", "1")
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", "3")
    words = ["--folds", "0", "--variants", "whole", "--epochs", "7", "--scheduler", scheduler]
    assert command(*words).exit_code == 0
    (note,) = results.rglob("told.json")
    assert told(note.parent) == {"EPOCHS": "7", "SYNTHESIS_ADAM": "1"}


def test_a_training_that_outlives_its_worker_keeps_others_out(tmp_path: Path) -> None:
    lock, busy = tmp_path / "lock", BlockingIOError()
    words = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with held_open(lock, busy) as opened:
        orphan = subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=[opened])
    with pytest.raises(BlockingIOError), held_open(lock, busy):
        pass
    orphan.communicate(timeout=PATIENCE_S)
    with held_open(lock, busy):
        pass


def test_workers_that_do_not_see_the_folders_are_refused(results: Path, scheduler: str) -> None:
    run = run_of(["0"])
    (results.parent.parent / "nnUNet_preprocessed" / NAME / "nnUNetPlans.json").unlink()
    with (
        joined(Where(scheduler)) as crew,
        pytest.raises(BrokenEnvironmentError, match=r"none of the 2 workers .* does not see"),
    ):
        spread.train_on_cluster(run, crew, lambda *_: None)
    assert logs(results) == {}
