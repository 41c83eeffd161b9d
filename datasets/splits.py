"""Folds for cross-validation that keep each patient together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np


def patient_folds(
    patients: Mapping[str, str], *, rng: np.random.Generator, folds: int = 5
) -> list[dict[str, list[str]]]:
    """Shares cases out over folds so that no patient is in training and validation at once.

    Patients are shuffled, then handed out from the one with most cases to the one with fewest,
    each to the fold with the fewest cases so far.

    Args:
        patients: Case name to patient.
        rng: Source of the shuffle. The result does not depend on the order of `patients`.
        folds: Number of folds, at least 2.

    Returns:
        One dict per fold with the sorted case names under `train` and `val`, the format of
        nnU-Net's `splits_final.json`. Every case is in exactly one `val` list.

    Raises:
        ValueError: If there are fewer than 2 folds or patients, or fewer patients than folds.

    Example:
        >>> import numpy as np
        >>> patients = {"left_1": "P1", "right_1": "P1", "left_2": "P2"}
        >>> folds = patient_folds(patients, rng=np.random.default_rng(1), folds=2)
        >>> sorted(fold["val"] for fold in folds)
        [['left_1', 'right_1'], ['left_2']]
    """
    cases_of: dict[str, list[str]] = {}
    for case in sorted(patients):
        cases_of.setdefault(patients[case], []).append(case)
    if folds < 2:
        msg = f"Found folds={folds}, expected at least 2."
        raise ValueError(msg)
    _check_count(len(cases_of), len(patients), folds)
    names = sorted(cases_of)
    shuffled = [names[index] for index in rng.permutation(len(names))]
    held_out: list[list[str]] = [[] for _ in range(folds)]
    for patient in sorted(shuffled, key=lambda name: -len(cases_of[name])):
        min(held_out, key=len).extend(cases_of[patient])
    return [
        {"train": sorted(set(patients).difference(val)), "val": sorted(val)} for val in held_out
    ]


def _check_count(patients: int, cases: int, folds: int) -> None:
    if patients < 2:
        # No number of folds would do, and perhaps nobody asked for one.
        msg = (
            f"Found {patients} {'patient' if patients == 1 else 'patients'} "
            f"({cases} {'case' if cases == 1 else 'cases'}), expected at least 2, so that each "
            "fold has one to hold out. Add patients."
        )
        raise ValueError(msg)
    if patients < folds:
        msg = (
            f"Found {patients} patients ({cases} cases) for {folds} folds, expected at least one "
            f"patient per fold. Add patients or ask for fewer: --folds {patients}."
        )
        raise ValueError(msg)
