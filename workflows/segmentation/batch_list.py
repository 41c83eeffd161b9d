"""What a run works on piece by piece, each with all that it takes, so that others can do it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.cohort.fragment import read_fragment
from shoulderseg.workflows.cohort.origin import check_origin
from shoulderseg.workflows.cohort.resume import units_of
from shoulderseg.workflows.examination.grouping import batches
from shoulderseg.workflows.outputs.plan import Case

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.workflows.examination.grouping import Group
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.run_plan import Run


@dataclass(frozen=True)
class Batch:
    """A case, or the series of an examination.

    Attributes:
        group: the examination; None for a single case.
        pairs: the image of each case, and what it is written as.
        owners: whose the files are, below the folder, that are called like those of its cases.
        noted: under which names it may be noted that its cases are done.
    """

    group: Group | None
    pairs: Sequence[tuple[CaseInput, Case]]
    owners: Mapping[str, str]
    noted: tuple[str, ...]

    @property
    def name(self) -> str:
        """Under which name it is noted that it is done."""
        return batch_name(self.group, self.pairs)

    @property
    def sources(self) -> list[CaseInput]:
        """The images."""
        return [source for source, _ in self.pairs]

    @property
    def cases(self) -> list[str]:
        """Their names."""
        return [source.name for source, _ in self.pairs]

    def of_others(self, case: Case) -> dict[str, str]:
        """Whose the files are that are called like those of a case, without its own."""
        return {path: owner for path, owner in self.owners.items() if owner != case.name}


def batch_name(group: Group | None, pairs: Sequence[tuple[CaseInput, Any]]) -> str:
    """Under which name it is noted that cases are done.

    Args:
        group: the examination; None for a single case.
        pairs: the cases.
    """
    return pairs[0][0].name if group is None else group.name


def list_batches(run: Run) -> list[Batch]:
    """Gives what a run works on, in the order of its cases.

    Args:
        run: what to do.
    """
    # Known before the first case is written, so that none replaces another's files.
    owners = owners_of(run)
    paths, noted = sorted(owners), units_of(run.ledger)

    def take(group: Group | None, pairs: Sequence[tuple[CaseInput, Case]]) -> Batch:
        near = {
            path: owners[path]
            for _, case in pairs
            for path in _beginning_with(paths, _stem(run.plan, case))
        }
        names = [source.name for source, _ in pairs]
        units = [unit for name in names for unit in noted.get(name, [])]
        # One that failed alone is noted under its name, and with no record.
        return Batch(group, pairs, near, (batch_name(group, pairs), *names, *units))

    every = [(source, _case_of(source)) for source in run.inputs.cases]
    return [take(*one) for one in batches(every, run.examinations)]


def check_batch(out: Path, batch: Batch) -> None:
    """Refuses a batch in whose place are results of other images, see `check_origin`.

    Args:
        out: folder of the results.
        batch: what is to be done.

    Raises:
        ValueError: if there are.
    """
    found = {name: read_fragment(out, name) for name in batch.noted}
    done = {name: fragment for name, fragment in found.items() if fragment is not None}
    together = {} if batch.group is None else {batch.name: batch.cases}
    check_origin(out, batch.sources, done, together, {})


def owners_of(run: Run) -> dict[str, str]:
    """Whose each file below the folder of the results will be.

    Args:
        run: what to do.
    """
    return run.plan.owners(map(_case_of, run.every), run.segmenter.label_values)


def _case_of(source: CaseInput) -> Case:
    return Case(source.name, source.source_files, source.public_file, source.source_frames)


def _stem(plan: OutputPlan, case: Case) -> str | None:
    """With what all files of a case begin; None where BIDS cannot name it."""
    try:
        return plan.stem(case)
    except ValueError:
        return None


def _beginning_with(paths: Sequence[str], stem: str | None) -> Iterator[str]:
    if stem is None:
        return
    for place in range(bisect_left(paths, stem), len(paths)):
        if not paths[place].startswith(stem):
            return
        yield paths[place]
