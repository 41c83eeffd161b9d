"""Trainings on a cluster, with a script in the place of nnU-Net's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.workflows.cohort.cluster import Where, joined
from shoulderseg.workflows.errors import BrokenEnvironmentError
from shoulderseg.workflows.lock import held_open
from shoulderseg.workflows.training import spread
from shoulderseg.workflows.training.train import Schedule, TrainingOrder, prepare_trainings
from tests.whole_checkpoints import write_checkpoint
from tests.workflows.training.scripted import NAME, PATIENCE_S, command, logs, run_of, wait_for

if TYPE_CHECKING:
    from shoulderseg.nnunet_ext.trainings import Training


@contextmanager
def held(path: Path) -> Iterator[Callable[[], None]]:
    """Holds a lock until it is released."""
    with ExitStack() as stack:
        stack.enter_context(held_open(path, BlockingIOError()))
        yield stack.close


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
    write_checkpoint(folder / "checkpoint_latest.pth")
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
