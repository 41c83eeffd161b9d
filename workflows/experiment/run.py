"""An experiment from a raw dataset to its table: what `shoulderseg experiment` does."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.experiment.data import ExperimentData, lay_out
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.results import write_results
from shoulderseg.workflows.experiment.rows import Models, load_models
from shoulderseg.workflows.experiment.score import Scores, read_test_case, score_case_rows
from shoulderseg.workflows.experiment.steps import Work, run_stock, train_ours
from shoulderseg.workflows.lock import alone_in

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.cluster import Where

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Experiment:
    """What came out.

    Attributes:
        table: as Markdown.
        page: an HTML file.
        failed: why a test case has no scores; one sentence each.
        notes: what else is to be known, such as a configuration that was left out.
    """

    table: str
    page: Path
    failed: tuple[str, ...]
    notes: tuple[str, ...]


def run_experiment(
    source: Path,
    out: Path,
    protocol: Protocol,
    device: str,
    on_command: Callable[[str], None],
    where: Where | None = None,
) -> Experiment:
    """Trains, segments the test patients, scores and compares; goes on where it was stopped.

    Args:
        source: the raw nnU-Net dataset, with two foreground labels.
        out: folder of the experiment: its data, models, label maps and results.
        protocol: what is done.
        device: cpu, cuda or mps; the figures may differ between them in their last digits.
        on_command: is called with each command before it runs.
        where: the cluster whose workers train our U-Nets, each on the device that it has; they must
            see the folder under the same path. None for this machine alone.

    Returns:
        The table, the page, and what is missing.

    Raises:
        ValueError: if the folder holds another experiment, there are too few patients, the U-Nets
            cannot learn from the dataset, or a test case cannot be read.
        FileNotFoundError: if there is no such dataset or bundle to start from.
        TimeoutError: if another process is at work in the folder.
        StepFailedError: if a command fails.
    """
    from shoulderseg.workflows.bundles.bundle import read_bundle

    with alone_in(out, "another experiment"):
        data = lay_out(source, out, protocol)
        _check_test_cases(data)
        work = Work(data, protocol, device, on_command, where)
        bundle = read_bundle(train_ours(work))
        stock, notes = _run_stock(work, upright=bundle.upright)
        cases, failed = _score(work, load_models(bundle, device), stock)
        table, page = write_results(data, protocol, cases, notes, failed)
    return Experiment(table, page, tuple(failed), tuple(notes))


def _check_test_cases(data: ExperimentData) -> None:
    """Reads all test cases: days of training would end without a figure.

    Raises:
        ValueError: if one cannot be used; says how it can be replaced.
    """
    for name in sorted(data.assignment.test):
        try:
            read_test_case(name, data)
        except ValueError as error:
            msg = (
                f"{error}; this is the experiment's own copy: remove it if the dataset's file is "
                "sound, else mend that one and give another folder for the experiment"
            )
            raise ValueError(msg) from error


def _run_stock(work: Work, *, upright: bool) -> tuple[dict[str, Path], list[str]]:
    """Of each row of stock nnU-Net the folder of its label maps, and what is left out."""
    stock: dict[str, Path] = {}
    notes: list[str] = []
    for configuration in work.protocol.stock:
        folder = run_stock(work, configuration, upright=upright)
        if folder is None:
            notes.append(f"nnU-Net plans no {configuration} for this data; it is left out.")
        else:
            stock[f"stock_{configuration}"] = folder
    return stock, notes


def _score(
    work: Work, models: Models, stock: dict[str, Path]
) -> tuple[dict[str, Scores], list[str]]:
    """Scores of the test cases, and why a case has none.

    Raises:
        ValueError: if none has any.
    """
    data, tolerance_mm = work.data, work.protocol.tolerance_mm
    cases: dict[str, Scores] = {}
    failed: list[str] = []
    for name in sorted(data.assignment.test):
        try:
            cases[name] = score_case_rows(name, data, models, stock, tolerance_mm)
        except (ValueError, OSError) as error:
            _LOGGER.debug("traceback", exc_info=True)
            failed.append(f"{name}: {reason_of(error)}")
    if not cases:
        msg = "no test case could be scored: " + "; ".join(failed)
        raise ValueError(msg)
    return cases, failed
