"""Which cases are for test, and in which fold the others are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shoulderseg.datasets.pair_checks import check_test_cases
from shoulderseg.datasets.splits import patient_folds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np

# Of the cross-validation, as nnU-Net's own.
DEFAULT_FOLDS = 5


class Shares(NamedTuple):
    """How cases are shared out.

    Attributes:
        tests: Names of the test cases.
        splits: The folds, as for `splits_final.json`.
        problems: Why they cannot be shared out so; empty if they can.
    """

    tests: set[str]
    splits: list[dict[str, list[str]]]
    problems: list[str]


def share_out(
    patients: Mapping[str, str],
    test_cases: Sequence[str] | int,
    *,
    folds: int | None,
    rng: np.random.Generator,
) -> Shares:
    """Chooses the test cases and the folds of the others, keeping each patient together.

    Args:
        patients: Case to patient, all cases.
        test_cases: Names of the test cases, or how many patients to draw.
        folds: Number of folds; None for 5, or as many as there are patients to train on.
        rng: Source of the drawn patients, then of the folds.

    Returns:
        The shares, or what does not fit.
    """
    tests = _draw_tests(patients, test_cases, rng)
    problems = check_test_cases(patients, tests)
    training = {case: patient for case, patient in patients.items() if case not in tests}
    if folds is None:
        folds = max(2, min(DEFAULT_FOLDS, len(set(training.values()))))
    try:
        return Shares(tests, patient_folds(training, rng=rng, folds=folds), problems)
    except ValueError as error:
        return Shares(tests, [], [*problems, f"training cases: {error}"])


def _draw_tests(
    patients: Mapping[str, str], test_cases: Sequence[str] | int, rng: np.random.Generator
) -> set[str]:
    if not isinstance(test_cases, int):
        return set(test_cases)
    names = sorted(set(patients.values()))
    drawn = {names[index] for index in rng.permutation(len(names))[: max(test_cases, 0)]}
    return {case for case, patient in patients.items() if patient in drawn}
