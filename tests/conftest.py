"""A tiny nnU-Net dataset of phantoms, trained once a session by nnU-Net's own commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

from shoulderseg.datasets.nnunet_raw import DatasetSpec
from shoulderseg.datasets.pairs import convert_pairs
from shoulderseg.datasets.phantom.case import PhantomCase, make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.nnunet_ext.plans import write_small_plans
from shoulderseg.nnunet_ext.variants import TRAINERS, plugin_folder
from shoulderseg.workflows.processes.scripts import installed_script

# On a busy machine any example may take any time.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NAME = "Dataset901_Shoulders"
# All of one kind, so that few steps suffice to learn it, and no larger than the joint.
KIND = PhantomOptions(
    sequence="t1-se",
    plane="coronal",
    side="left",
    field_t=1.5,
    health="healthy",
    shape=(7, 48, 40),
    spacing_mm=(4.0, 2.2, 2.6),
    glenoid_depth_mm=45.0,
)

# Runs nnU-Net's command with workers that start from nothing, as on macOS and Windows. Its
# validation takes threads in place of two pools of processes, each of which would import nnU-Net;
# the other trainings have them.
SPAWNING_TRAIN = """
import multiprocessing
from multiprocessing.pool import ThreadPool
from types import SimpleNamespace
from nnunetv2.evaluation import evaluate_predictions
from nnunetv2.run.run_training import run_training_entry
from nnunetv2.training.nnUNetTrainer import nnUNetTrainer
multiprocessing.set_start_method("spawn")
threads = SimpleNamespace(get_context=lambda _: SimpleNamespace(Pool=ThreadPool))
evaluate_predictions.multiprocessing = nnUNetTrainer.multiprocessing = threads
run_training_entry()
"""

# Ends nnU-Net's command after its first epoch, as a lost connection would.
INTERRUPTED_TRAIN = """
import sys
from nnunetv2.run.run_training import run_training_entry
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
begin = nnUNetTrainer.on_epoch_start
def stop(self):
    sys.exit(77) if self.current_epoch == 1 else begin(self)
nnUNetTrainer.on_epoch_start = stop
run_training_entry()
"""
EPOCHS = 2
# The glenoid has the fewest pixels and is learned last.
ITERATIONS = {"humerus": 30, "glenoid": 60, "whole": 30}

# Tests that need the session's trainings. They run in one worker, so that it trains once.
TRAINED = ("trained", "nnunet_root", "shoulders")
TRAINED_FILES = frozenset(
    {
        "tests/cli/convert/test_pairs.py",
        "tests/cli/test_export.py",
        "tests/cli/test_predict.py",
        "tests/cli/test_predict_changed_bundles.py",
        "tests/cli/test_train.py",
        "tests/nnunet_ext/test_inference.py",
        "tests/nnunet_ext/test_trained.py",
        "tests/nnunet_ext/test_warm_start.py",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sees that the list above has all of them.

    Raises:
        pytest.UsageError: If a file is missing there.
    """
    using = {
        item.nodeid.split("::")[0]
        for item in items
        if set(TRAINED) & set(getattr(item, "fixturenames", ()))
    }
    if using - TRAINED_FILES:
        msg = f"add to TRAINED_FILES in tests/conftest.py: {sorted(using - TRAINED_FILES)}"
        raise pytest.UsageError(msg)


# Draw the same shoulders, each once a process.
SCANNED_FILES = frozenset(
    {"tests/datasets/phantom/test_anatomy.py", "tests/datasets/phantom/test_truth.py"}
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:  # noqa: ANN401
    """Spreads files over the workers of pytest-xdist, those of `TRAINED_FILES` together.

    Marks of `xdist_group` do not reach pytest-xdist 3.8 with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

    # The longest files come first as they are collected: the trainings, the demo.
    config.option.loadscopereorder = False

    class ByFile(LoadScopeScheduling):  # type: ignore[misc]
        """Takes a file at a time, or some together."""

        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.split("::")[0]
            if file in SCANNED_FILES:
                return "scanned"
            return "trained" if file in TRAINED_FILES else file

    return ByFile(config, log)


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return open, (str(self.mark), "w")


PayloadMaker = Callable[[Path], Payload]


@pytest.fixture
def payload() -> PayloadMaker:
    """Makes objects that write a file when something unpickles them."""
    return Payload


class TrainedDataset(NamedTuple):
    """Where the session's dataset and its models lie."""

    root: Path
    name: str
    results: Path
    unseen: list[Path]


@pytest.fixture(scope="session")
def shoulders() -> list[PhantomCase]:
    """Eight shoulders in few and coarse voxels; both bones are in the middle slices."""
    rng = np.random.default_rng(3)
    return [make_case(KIND, rng) for _ in range(8)]


@pytest.fixture(scope="session")
def nnunet_root(
    shoulders: list[PhantomCase], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """nnU-Net's folders with a raw dataset of six shoulders, and two unseen ones."""
    root = tmp_path_factory.mktemp("nnunet")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
            (root / variable).mkdir()
            patch.setenv(variable, str(root / variable))
        patch.setenv("nnUNet_def_n_proc", "1")
        patch.setenv("OMP_WAIT_POLICY", "passive")
        patch.delenv("nnUNet_extTrainer", raising=False)
        for folder in ("images", "labels", "unseen", "unseen_labels"):
            (root / folder).mkdir()
        for number, case in enumerate(shoulders):
            seen = number < 6
            write_image(root / ("images" if seen else "unseen") / f"s{number}.nii.gz", case.image)
            labels = "labels" if seen else "unseen_labels"
            write_label_map(root / labels / f"s{number}.nii.gz", case.label_map, case.image)
        convert_pairs(
            root / "images",
            root / "labels",
            root / "nnUNet_raw",
            DatasetSpec(901, "Shoulders", {"background": 0, "humerus": 1, "glenoid": 2}),
            {1: "humerus", 2: "glenoid"},
            folds=3,
            rng=np.random.default_rng(0),
        )
        yield root


@pytest.fixture(scope="session")
def trained(nnunet_root: Path) -> TrainedDataset:
    """The dataset with one fold of each U-Net, by the literal commands of nnU-Net."""
    plan = ["nnUNetv2_plan_and_preprocess", "-d", "901", "-c", "2d", "-npfp", "1", "-np", "1"]
    _run([installed_script(plan[0]), *plan[1:]])
    write_small_plans(nnunet_root / "nnUNet_preprocessed" / NAME, batch_size=6)
    # Much of a training is importing and waiting for workers, so two at a time take less.
    with ThreadPoolExecutor(2) as pool:
        running = [
            pool.submit(_train_humerus),
            pool.submit(_train, [sys.executable, "-c", SPAWNING_TRAIN], "glenoid", workers="1"),
            pool.submit(_train, [installed_script("nnUNetv2_train")], "whole", workers="1"),
        ]
        for training in running:
            training.result()
    results = nnunet_root / "nnUNet_results" / NAME
    unseen = sorted((nnunet_root / "unseen").iterdir())
    return TrainedDataset(nnunet_root, NAME, results, unseen)


def _train_humerus() -> None:
    """Trains the first U-Net in two parts."""
    _train([sys.executable, "-c", INTERRUPTED_TRAIN], "humerus", workers="0", expected=77)
    resume = "train 901 --size small --variants humerus --folds 0 --device cpu"
    # Without a length: the training keeps the one it began with.
    _run([installed_script("shoulderseg"), *resume.split()], nnUNet_n_proc_DA="0")


def _train(program: list[str], variant: str, *, workers: str, expected: int = 0) -> None:
    command = [*program, "901", "2d", "0", "-tr", TRAINERS[variant]]
    command += ["-p", "shoulderSmallPlans", "-device", "cpu"]
    variables = {"nnUNet_extTrainer": str(plugin_folder()), "nnUNet_n_proc_DA": workers}
    variables["SHOULDERSEG_EPOCHS"] = str(EPOCHS)
    variables["SHOULDERSEG_ITERATIONS"] = str(ITERATIONS[variant])
    _run(command, expected, **variables)


def _run(command: list[str], expected: int = 0, **variables: str) -> None:
    # Two at a time have one core each.
    environment = {**os.environ, "OMP_NUM_THREADS": "1", **variables}
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode != expected:
        output = outcome.stdout[-2000:] + outcome.stderr[-2000:]
        pytest.fail(f"{command} ended with {outcome.returncode}:\n{output}")


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound bundle of three tiny U-Nets that have learned nothing."""
    folder = tmp_path_factory.mktemp("made") / "untrained"
    folder.mkdir()
    from tests.untrained import write_untrained

    write_untrained(folder)
    return folder
