"""Who is trained on and who is tested."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.workflows.experiment.protocol import Assignment, Protocol, assign_patients

ANYONE = "(?i)^(.+?)(?:_series_.+|[_-](?:left|right|l|r)(?:[_-].*)?)?$"
CASES = [f"P{patient:02d}_{side}" for patient in range(9) for side in ("left", "right")]


def assign(protocol: Protocol, cases: list[str] | None = None, seed: int = 1) -> Assignment:
    return assign_patients(CASES if cases is None else cases, protocol, np.random.default_rng(seed))


@given(st.integers(2, 6), st.integers(1, 3), st.integers(0, 50))
def test_no_patient_is_on_two_sides(train: int, test: int, seed: int) -> None:
    protocol = Protocol("1", train=train, test=test, patient_pattern=r"(P\d+)_")
    found = assign(protocol, seed=seed)
    learned, tested = set(found.train.values()), set(found.test.values())
    assert len(learned) == train
    assert len(tested) == test
    assert not learned & tested
    # Both shoulders of a patient are where the patient is.
    assert len(found.train) == 2 * train
    assert len(found.test) == 2 * test
    assert len(found.folds) == min(5, train)
    for fold in found.folds:
        sides = [{found.train[case] for case in fold[side]} for side in ("train", "val")]
        assert not sides[0] & sides[1]
        assert sides[0] | sides[1] == learned
    held_out = sorted(case for fold in found.folds for case in fold["val"])
    assert held_out == sorted(found.train)


def test_the_order_of_the_cases_does_not_matter_and_the_seed_does() -> None:
    protocol = Protocol("1", patient_pattern=r"(P\d+)_")
    assert assign(protocol) == assign(protocol, CASES[::-1])
    assert any(assign(protocol).test != assign(protocol, seed=seed).test for seed in range(2, 5))


def test_without_a_pattern_each_case_is_a_patient() -> None:
    found = assign(Protocol("1"), [f"scan_{number}" for number in range(9)])
    assert dict(found.train) == {case: case for case in found.train}
    assert (len(found.train), len(found.test)) == (5, 3)


def test_the_datasets_own_patients_are_kept_apart_unless_a_pattern_is_given() -> None:
    cases = [f"scan_{number:02d}" for number in range(18)]
    known = {case: f"scan_{number // 2 * 2:02d}" for number, case in enumerate(cases)}
    found = assign_patients(cases, Protocol("1"), np.random.default_rng(1), known)
    assert (len(found.train), len(found.test)) == (10, 6)
    assert {**found.train, **found.test}.items() <= known.items()
    own = Protocol("1", patient_pattern="(.+)")
    assert len(assign_patients(cases, own, np.random.default_rng(1), known).train) == 5


def test_too_few_patients_and_wrong_numbers_are_said() -> None:
    with pytest.raises(ValueError, match=r"found 7 patients, expected 5 to train and 3"):
        assign(Protocol("1"), [f"scan_{number}" for number in range(7)])
    with pytest.raises(ValueError, match="finds no patient"):
        assign(Protocol("1", patient_pattern="(Q)"))
    with pytest.raises(ValueError, match="1 patients to train and 3 to test"):
        Protocol("1", train=1)
    with pytest.raises(ValueError, match="tolerance is nan mm"):
        Protocol("1", tolerance_mm=float("nan"))
    with pytest.raises(ValueError, match="--learning-rate is -1"):
        Protocol("1", learning_rate=-1.0)
    with pytest.raises(ValueError, match=r"'3d_lowres', expected some of \('2d', '3d_fullres'\)"):
        Protocol("1", stock=("3d_lowres",))


def test_patients_can_be_named() -> None:
    protocol = Protocol("1", test_on=("P03", "P07"), patient_pattern=r"(P\d+)_")
    for seed in range(4):
        found = assign(protocol, seed=seed)
        assert set(found.test.values()) == {"P03", "P07"}
        assert len(set(found.train.values()) - {"P03", "P07"}) == 5
    with pytest.raises(
        ValueError, match=r"no patient or case 'P3' to test; the patients are P00, P01"
    ):
        assign(Protocol("1", test_on=("P3",), patient_pattern=r"(P\d+)_"))
    with pytest.raises(ValueError, match="found 9 patients, expected 8 to train and 2 to test"):
        assign(Protocol("1", train=8, test_on=("P03", "P07"), patient_pattern=r"(P\d+)_"))


@pytest.mark.parametrize(
    "cases",
    [
        [f"shoulder_{side}_{n:02}" for n in range(5) for side in ("left", "right")],
        [f"T1_{side}_{n}" for n in range(5) for side in ("L", "R")],
        [f"case_{letter}" for letter in string.ascii_lowercase],
    ],
    ids=["shoulder", "sequence", "letters"],
)
def test_words_that_all_cases_share_are_no_patient(cases: list[str]) -> None:
    assign(Protocol("1"), cases)


@pytest.mark.parametrize(
    ("pair", "pattern"),
    [
        (("s0001_left", "s0001_right"), ANYONE),
        (("P0001_L", "P0001_R"), ANYONE),
        (("p0001-Left_t1", "p0001-right_pd"), ANYONE),
        (("p001_left", "p001_series_5_1a2b3c4d"), ANYONE),
        (("p001_series_4_1a2b3c4d", "p001_series_5_1a2b3c4d"), ANYONE),
        (("sub-0001_T1w", "sub-0001_ses-2_left_T2w"), "^(sub-[0-9A-Za-z]+|.+)"),
    ],
)
def test_images_of_one_patient_are_not_taken_for_patients(
    pair: tuple[str, str], pattern: str
) -> None:
    others = [f"{pair[0].replace('001', f'0{number}')}" for number in range(10, 20)]
    with pytest.raises(ValueError, match="look like images of one patient") as refused:
        assign(Protocol("1"), [*pair, *others])
    assert f"such as '{pattern}'" in str(refused.value)
    found = assign(Protocol("1", patient_pattern=pattern), [*pair, *others, "another"])
    of_whom = {**found.train, **found.test}
    assert of_whom.get(pair[0]) == of_whom.get(pair[1])
    assign(Protocol("1", patient_pattern="(.+)"), [*pair, *others])
    assign(Protocol("1"), [pair[0], *others])
