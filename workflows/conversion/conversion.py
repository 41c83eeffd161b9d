"""What every conversion has: the dataset to make, a survey that writes nothing, and the run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.conversion.names import unmoved, without

if TYPE_CHECKING:
    from shoulderseg.datasets.converters.convert import Order
    from shoulderseg.datasets.converters.examined import Examined
    from shoulderseg.datasets.converters.source import Rejected, SourceCase
    from shoulderseg.datasets.converters.target import ConversionReport
    from shoulderseg.datasets.nnunet_raw import DatasetSpec

    OnCase = Callable[[Examined | Rejected], None]


@dataclass(frozen=True)
class Target:
    """The dataset that a conversion makes.

    Attributes:
        out: folder that the dataset folder goes to, usually nnUNet_raw.
        dataset_id: nnU-Net's number of the dataset, 1 to 999.
        name: of the dataset; None for the converter's own.
        test_cases: names of the cases kept for test, or how many patients to draw.
        folds: of the cross-validation; None for 5, or as many as there are patients.
        seed: of the drawn test patients and of the folds.
        overwrite: whether an existing dataset is replaced.
        allow_missing: whether cases are taken in which a structure has no voxel.
        as_stored: whether volumes keep their orientation, and are not turned head up.
        keep_source_names: whether `conversion.csv` names files instead of hashes of their names.
        exclude: names of the cases to leave out.
    """

    out: Path
    dataset_id: int = 1
    name: str | None = None
    test_cases: Sequence[str] | int = ()
    folds: int | None = None
    seed: int = 12345
    overwrite: bool = False
    allow_missing: bool = False
    as_stored: bool = False
    keep_source_names: bool = False
    exclude: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Survey:
    """What a conversion would do.

    Attributes:
        taken: the cases that would be taken.
        rejected: what would not be, in the order met.
        problems: why no dataset could be written; empty if one could.
        folds: of the cross-validation; 0 where there is a problem with them.
    """

    taken: tuple[Examined, ...]
    rejected: tuple[Rejected, ...]
    problems: tuple[str, ...]
    folds: int


@dataclass(frozen=True)
class Conversion:
    """A conversion that is ready to start.

    Attributes:
        survey: reads everything and writes nothing.
        run: makes the dataset. It is given what is called with each case as it is finished, and
            raises ValueError if no dataset can be written, OSError if a file cannot.
        all_or_nothing: whether one rejected case keeps the dataset from being written.
        notice: what everyone who takes the data has to know; empty if nothing.
    """

    survey: Callable[[], Survey]
    run: Callable[[OnCase], ConversionReport]
    all_or_nothing: bool = False
    notice: str = ""


def number_labels(names: Iterable[str]) -> dict[str, int]:
    """Numbers the structures of a dataset in their order, after the background's 0.

    Trainers take the first for the humerus, so it comes before the glenoid in whatever order the
    two are given.
    """
    ordered = sorted(names, key=lambda name: name.casefold() != "humerus")
    return {name: value for value, name in enumerate(["background", *ordered])}


def order_of(
    target: Target, spec: DatasetSpec, settings: Mapping[str, Any], sources: Sequence[Path]
) -> Order:
    """Gives the order that the converters of `datasets` take.

    Args:
        target: the dataset.
        spec: its name and labels.
        settings: all that the files of a case depend on besides its source files.
        sources: folders that are read from.
    """
    from shoulderseg.datasets.converters.convert import Order

    return Order(
        target.out,
        spec,
        {**settings, "as_stored": target.as_stored},
        sources,
        test_cases=target.test_cases,
        folds=target.folds,
        seed=target.seed,
        overwrite=target.overwrite,
        allow_missing=target.allow_missing,
    )


def conversion_of(
    found: Callable[[], Iterator[SourceCase | Rejected]],
    order: Order,
    notice: str = "",
    *,
    exclude: frozenset[str] = frozenset(),
    numbered: bool = False,
) -> Conversion:
    """Makes a conversion of a converter's candidates.

    Args:
        found: gives them, anew at each call.
        order: the dataset.
        notice: as in `Conversion`.
        exclude: names of the cases to leave out.
        numbered: whether cases are called by numbers alone, which move with the folders.
    """
    from dataclasses import replace

    from shoulderseg.datasets.converters.convert import convert_cases, survey
    from shoulderseg.datasets.converters.source import Rejected
    from shoulderseg.datasets.converters.target import earlier_sources
    from shoulderseg.datasets.converters.upright import turn_upright

    tests = order.test_cases
    listed = exclude | frozenset(() if isinstance(tests, int) else tests)

    def named() -> Iterator[SourceCase | Rejected]:
        if numbered and listed:
            return unmoved(found(), listed, earlier_sources(order.out, order.spec))
        return found()

    def candidates() -> Iterator[SourceCase | Rejected]:
        for candidate in without(named(), exclude):
            if isinstance(candidate, Rejected) or order.settings["as_stored"]:
                yield candidate
            else:
                yield turn_upright(candidate)

    return Conversion(
        survey=lambda: surveyed(
            survey(candidates(), order.spec.labels, allow_missing=order.allow_missing), order
        ),
        run=lambda on_case: convert_cases(candidates(), replace(order, on_case=on_case)),
        notice=notice,
    )


def surveyed(outcomes: Iterable[Examined | Rejected], order: Order) -> Survey:
    """Sums up what would become of each candidate, and what stands in the dataset's way."""
    from shoulderseg.datasets.converters.convert import foresee_problems, planned_folds
    from shoulderseg.datasets.converters.source import Rejected

    taken: list[Examined] = []
    rejected: list[Rejected] = []
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
        else:
            taken.append(outcome)
    problems = foresee_problems(order, taken)
    return Survey(tuple(taken), tuple(rejected), tuple(problems), planned_folds(order, taken))
