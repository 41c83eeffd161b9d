from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.datasets.splits import patient_folds


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(1, 6), min_size=5, max_size=14),
    folds=st.integers(2, 5),
    seed=st.integers(0, 99),
)
def test_every_case_once_and_no_patient_on_both_sides(
    counts: list[int], folds: int, seed: int
) -> None:
    patients = {f"c{who}_{n}": f"p{who}" for who, count in enumerate(counts) for n in range(count)}
    splits = patient_folds(patients, rng=np.random.default_rng(seed), folds=folds)
    assert len(splits) == folds
    assert sorted(case for split in splits for case in split["val"]) == sorted(patients)
    for split in splits:
        assert split["val"]
        assert sorted(split["train"] + split["val"]) == sorted(patients)
        assert not {patients[c] for c in split["train"]} & {patients[c] for c in split["val"]}


def test_order_of_the_mapping_does_not_matter_and_the_seed_does() -> None:
    patients = {f"case{n}": f"p{n}" for n in range(20)}
    backwards = dict(reversed(patients.items()))
    first = patient_folds(patients, rng=np.random.default_rng(1))
    assert first == patient_folds(backwards, rng=np.random.default_rng(1))
    assert first != patient_folds(patients, rng=np.random.default_rng(2))
    assert [len(split["val"]) for split in first] == [4] * 5


def test_large_patients_are_spread() -> None:
    patients = {
        f"{who}{n}": who
        for who, count in zip("abcd", (4, 4, 1, 1), strict=True)
        for n in range(count)
    }
    splits = patient_folds(patients, rng=np.random.default_rng(0), folds=2)
    assert [len(split["val"]) for split in splits] == [5, 5]


def test_fewer_patients_than_folds() -> None:
    with pytest.raises(ValueError, match=r"2 patients \(3 cases\) for 5 folds"):
        patient_folds({"a": "x", "b": "x", "c": "y"}, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least 2"):
        patient_folds({"a": "x"}, rng=np.random.default_rng(0), folds=1)
