"""The way from the candidates of a converter to an nnU-Net dataset, case by case."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.case_patients import write_patients
from shoulderseg.datasets.converters import case_notes, work_folder
from shoulderseg.datasets.converters.examined import Examined, Twins, check_voxels, examine
from shoulderseg.datasets.converters.shares import share_out
from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.converters.target import (
    ConversionError,
    ConversionReport,
    check_target,
)
from shoulderseg.datasets.nnunet_raw import write_dataset_json, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from shoulderseg.datasets.converters.shares import Shares
    from shoulderseg.datasets.converters.source import SourceCase
    from shoulderseg.datasets.nnunet_raw import DatasetSpec


_NONE_TAKEN = "no case can be taken."


@dataclass(frozen=True)
class Order:
    """The dataset to make.

    Attributes:
        out: Folder to make the dataset folder in, for instance `nnUNet_raw`.
        spec: Name and labels of the dataset.
        settings: All that the files of a case depend on besides its source files, for JSON. Cases
            made with other settings are made again.
        sources: Folders that are read from.
        test_cases: Names of the cases never trained on, or a number of patients to draw.
        folds: Folds in `splits_final.json`; None for 5, or as many as there are patients.
        seed: Of the drawn test patients and of the folds.
        overwrite: Replace an existing dataset. Folders with other files in them are kept.
        on_case: Called with what became of each candidate.
        allow_missing: Take cases in which some structures have no voxel.
    """

    out: Path
    spec: DatasetSpec
    settings: Mapping[str, Any]
    sources: Sequence[Path] = ()
    test_cases: Sequence[str] | int = ()
    folds: int | None = 5
    seed: int = 12345
    overwrite: bool = False
    on_case: Callable[[Examined | Rejected], None] = field(default=lambda _: None)
    allow_missing: bool = False


def survey(
    candidates: Iterable[SourceCase | Rejected],
    labels: Mapping[str, int],
    *,
    allow_missing: bool = False,
) -> Iterator[Examined | Rejected]:
    """Reads all candidates and writes nothing.

    Args:
        candidates: What a converter yields.
        labels: Structures of the dataset and their values.
        allow_missing: As in `Order`.

    Yields:
        For each candidate what would be taken, or why it would not.
    """
    twins = Twins()
    for candidate in candidates:
        if isinstance(candidate, Rejected):
            yield candidate
            continue
        outcome = examine(candidate, labels, allow_missing=allow_missing)
        if isinstance(outcome, Rejected):
            yield outcome
        else:
            yield twins.check(outcome[0]) or outcome[0]


def convert_cases(candidates: Iterable[SourceCase | Rejected], order: Order) -> ConversionReport:
    """Makes a dataset of the candidates that can be taken; the others are reported.

    The dataset appears complete or not at all. What is finished is kept beside it until then, so
    that the same call goes on after an interruption, or after an error about folds or test cases.

    Args:
        candidates: What a converter yields.
        order: The dataset.

    Returns:
        What was written and what was not taken.

    Raises:
        ConversionError: If the dataset may not be written there, no case can be taken, or the
            folds or test cases do not fit the cases.
        OSError: If a file cannot be written.
    """
    problems = check_target(order.out, order.sources, order.spec, overwrite=order.overwrite)
    if problems:
        raise ConversionError(problems)
    work = work_folder.open_work(order.out, order.spec, order.settings)
    taken: list[Examined] = []
    rejected: list[Rejected] = []
    twins = Twins()
    for candidate in candidates:
        outcome = make_case(work, candidate, order.spec, allow_missing=order.allow_missing)
        if isinstance(outcome, Examined):
            outcome = twins.check(outcome) or outcome
        if isinstance(outcome, Examined):
            taken.append(outcome)
        else:
            rejected.append(outcome)
        order.on_case(outcome)
    # Whatever keeps the dataset from being made may follow from what was not taken.
    listed = [
        entry.reason if entry.is_remark else f"{entry.name}: {entry.reason}" for entry in rejected
    ]
    if not taken:
        raise ConversionError([_NONE_TAKEN, *listed])
    patients = {case.name: case.patient for case in taken}
    rng = np.random.default_rng(order.seed)
    shares = share_out(patients, order.test_cases, folds=order.folds, rng=rng)
    if shares.problems:
        kept = "Finished cases are kept for the next try."
        raise ConversionError([*shares.problems, *listed, kept])
    return replace(write_dataset(work, order.spec, taken, shares), rejected=tuple(rejected))


def foresee_problems(order: Order, taken: Iterable[Examined]) -> list[str]:
    """Tells what would keep surveyed cases from becoming a dataset; writes nothing.

    Args:
        order: The dataset.
        taken: The cases that would be taken.

    Returns:
        One finding per obstacle.
    """
    problems = check_target(order.out, order.sources, order.spec, overwrite=order.overwrite)
    patients = {case.name: case.patient for case in taken}
    if not patients:
        return [*problems, _NONE_TAKEN]
    rng = np.random.default_rng(order.seed)
    shares = share_out(patients, order.test_cases, folds=order.folds, rng=rng)
    return problems + shares.problems


def planned_folds(order: Order, taken: Iterable[Examined]) -> int:
    """Tells how many folds surveyed cases would be shared out over.

    Args:
        order: The dataset.
        taken: The cases that would be taken.

    Returns:
        The number of folds; 0 if they cannot be shared out.
    """
    patients = {case.name: case.patient for case in taken}
    rng = np.random.default_rng(order.seed)
    return len(share_out(patients, order.test_cases, folds=order.folds, rng=rng).splits)


def write_dataset(
    work: work_folder.WorkFolder,
    spec: DatasetSpec,
    taken: Sequence[Examined],
    shares: Shares,
) -> ConversionReport:
    """Lets finished cases become the dataset.

    Args:
        work: Where the files of the cases lie.
        spec: The dataset.
        taken: The cases.
        shares: Which of them are for test, and the folds of the others.

    Returns:
        What was written.

    Raises:
        OSError: If a file cannot be written.
    """
    training = [case for case in taken if case.name not in shares.tests]
    work_folder.separate_tests(work, [case.name for case in taken], shares.tests)
    write_json(work.dataset / "splits_final.json", shares.splits)
    write_patients(work.dataset, {case.name: case.patient for case in taken})
    write_dataset_json(work.dataset, spec, len(training))
    work_folder.finish(work, {case.name: case.source for case in taken})
    return ConversionReport(
        folder=work.target,
        training_cases=tuple(sorted(case.name for case in training)),
        test_cases=tuple(sorted(shares.tests)),
        training_patients=len({case.patient for case in training}),
        folds=len(shares.splits),
    )


def make_case(
    work: work_folder.WorkFolder,
    candidate: SourceCase | Rejected,
    spec: DatasetSpec,
    *,
    allow_missing: bool = False,
) -> Examined | Rejected:
    """Writes the files of one case, unless an earlier run has.

    Args:
        work: Where they go.
        candidate: What a converter yielded.
        spec: The dataset.
        allow_missing: As in `Order`.

    Returns:
        What was written, or why nothing was.

    Raises:
        OSError: If a file cannot be written.
    """
    if isinstance(candidate, Rejected):
        return candidate
    # Before anything is read: a mask may be saved while its case is made.
    stamp = case_notes.stamp_of(candidate)
    before = case_notes.recall(work, candidate, stamp)
    if isinstance(before, Examined):
        # The earlier run may have allowed more.
        return check_voxels(before, allow_missing=allow_missing) or before
    if before is not None:
        return before
    outcome = examine(candidate, spec.labels, allow_missing=allow_missing)
    if not isinstance(outcome, Rejected):
        case_notes.keep_case(work, *outcome, stamp)
        return outcome[0]
    if not outcome.fault:
        case_notes.keep_nothing(work, outcome, stamp)
    return outcome
