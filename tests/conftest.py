"""A tiny nnU-Net dataset of phantoms, trained once a session by nnU-Net's own commands."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from tests.trainings import train_unets

# On a busy machine any example may take any time. The same examples each time, so that a change
# is judged by what it changes; `make test-search` looks for new ones.
settings.register_profile("same", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1000)
settings.load_profile("same")

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

# Tests that need the session's trainings. They run in one worker, so that it trains once.
TRAINED = ("trained", "nnunet_root", "shoulders")
TRAINED_FILES = frozenset(
    {
        "tests/cli/convert/test_pairs.py",
        "tests/cli/test_experiment.py",
        "tests/cli/test_experiment_orientation.py",
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
    train_unets(nnunet_root / "nnUNet_preprocessed" / NAME)
    results = nnunet_root / "nnUNet_results" / NAME
    unseen = sorted((nnunet_root / "unseen").iterdir())
    return TrainedDataset(nnunet_root, NAME, results, unseen)


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound bundle of three tiny U-Nets that have learned nothing."""
    folder = tmp_path_factory.mktemp("made") / "untrained"
    folder.mkdir()
    from tests.untrained import write_untrained

    write_untrained(folder)
    return folder
