"""The table: figures that are known on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from shoulderseg.workflows.experiment.markdown import comparison_lines, markdown, table_lines
from shoulderseg.workflows.experiment.rows import REFINED, row_title
from shoulderseg.workflows.experiment.score import WHOLE
from shoulderseg.workflows.experiment.table import (
    OVERALL,
    Comparison,
    Outcome,
    as_records,
    compare_rows,
    false_positives,
    patient_scores,
    summarise_patients,
)
from tests.workflows.experiment.made_experiment import scores_of

# The first patient has two images; the second's glenoid is in none, and stock nnU-Net finds one.
CASES = {
    "a_left": scores_of("a", {"unets": (0.8, 0.6), "stock_2d": (0.7, 0.5)}),
    "a_right": scores_of("a", {"unets": (0.9, 0.8), "stock_2d": (0.8, 0.6)}),
    "b": scores_of("b", {"unets": (0.95, None), "stock_2d": (0.9, 0.0)}, ("glenoid",)),
    "c": scores_of("c", {"unets": (0.75, 0.5), "stock_2d": (0.8, 0.5)}),
}
P_VALUES = (0.25, 2.0**-10, 2.0**-11)


def test_images_of_a_patient_are_averaged_before_patients_are() -> None:
    scores = patient_scores(CASES)
    humerus = scores["unets"]["humerus"]["dice"]
    assert humerus == {"a": pytest.approx(0.85), "b": 0.95, "c": 0.75}
    summary = summarise_patients(humerus)
    assert (summary.mean, summary.sd) == pytest.approx((0.85, 0.1))
    assert summary.n == 3
    glenoid = summarise_patients(scores["unets"]["glenoid"]["dice"])
    assert (glenoid.mean, glenoid.sd) == pytest.approx((0.6, math.sqrt(0.02)))
    assert glenoid.n == 2
    # A patient without an image of both bones does not count in the mean of both.
    assert scores["unets"][OVERALL]["dice"] == {
        "a": pytest.approx(0.775),
        "b": pytest.approx(math.nan, nan_ok=True),
        "c": pytest.approx(0.625),
    }
    assert as_records(scores)["unets"]["humerus"]["dice"]["n"] == 3
    assert summarise_patients({}).n == 0
    assert math.isnan(summarise_patients({"a": 0.5}).sd)


def test_a_bone_that_the_reference_lacks_counts_for_no_row() -> None:
    scores = patient_scores(CASES)
    records = as_records(scores)
    for row in ("unets", "stock_2d"):
        assert [records[row][name]["dice"]["n"] for name in ("humerus", "glenoid", OVERALL)] == [
            3,
            2,
            2,
        ]
    glenoid, overall = (
        one
        for one in compare_rows(scores, np.random.default_rng(1))
        if one.structure in ("glenoid", OVERALL)
    )
    assert (glenoid.n, overall.n) == (2, 2)
    assert glenoid.difference == pytest.approx((0.15 + 0) / 2)
    assert false_positives(CASES) == {
        "unets": {"humerus": 0, "glenoid": 0, WHOLE: 0},
        "stock_2d": {"humerus": 0, "glenoid": 1, WHOLE: 0},
    }


def test_another_image_of_the_patient_counts() -> None:
    both = scores_of("a", {"unets": (0.8, 0.6)})
    one = scores_of("a", {"unets": (0.4, 0.0)}, ("glenoid",))
    found = patient_scores({"a_left": both, "a_right": one})["unets"]
    means = {name: found[name]["dice"]["a"] for name in ("humerus", "glenoid", OVERALL)}
    assert means == pytest.approx({"humerus": 0.6, "glenoid": 0.6, OVERALL: 0.7})


def test_rows_are_compared_with_stock_nnunet_patient_by_patient() -> None:
    (humerus, glenoid, whole, overall) = compare_rows(
        patient_scores(CASES), np.random.default_rng(1)
    )
    assert (humerus.row, humerus.against, humerus.structure) == ("unets", "stock_2d", "humerus")
    # +0.1, +0.05 and -0.05: the greatest rank and one of the tied ones are positive.
    assert humerus.n == 3
    assert humerus.difference == pytest.approx(0.1 / 3)
    assert humerus.effect_size == pytest.approx((3 + 1.5 - 1.5) / 6)
    assert humerus.low < humerus.difference < humerus.high
    assert (glenoid.n, whole.difference, overall.structure) == (2, 0, OVERALL)


def test_what_no_reference_has_is_not_compared() -> None:
    cases = {
        name: scores_of(name, {"unets": (0.8, None), "stock_2d": (0.7, None)}, ("glenoid",))
        for name in ("a", "b")
    }
    found = compare_rows(patient_scores(cases), np.random.default_rng(1))
    assert [(one.structure, one.n) for one in found] == [("humerus", 2), (WHOLE, 2)]


def test_the_markdown_has_every_row_and_what_is_published() -> None:
    scores = patient_scores(CASES)
    compared = compare_rows(scores, np.random.default_rng(1))
    outcome = Outcome(scores, compared, 2.0, "unets", ["A note."])
    text = markdown(outcome)
    assert "A note." in text
    first, rows = table_lines(outcome)[0]
    assert first == OVERALL
    assert rows[0][-1] == "NSD at 2 mm"
    assert [row[0] for row in rows[1:]] == [
        "each U-Net alone *",
        "stock nnU-Net 2d",
        "Mu et al. 2021, published",
        "Wang and Han 2021, published",
    ]
    assert rows[3][2:6] == ["0.910 ± 0.020", "", "0.950 ± 0.030", "0.950 ± 0.020"]
    assert "| each U-Net alone * | 3 | 0.850 ± 0.100 | 0.850 ± 0.100 |" in text
    assert "| each U-Net alone * | 2 | 0.700 ± 0.106 |" in text
    assert {name for name, _ in table_lines(outcome)} == {OVERALL, WHOLE, "humerus", "glenoid"}
    assert "With 3 patients p cannot be below 0.25." in text
    assert row_title("vote4" + REFINED) == "vote of U-Nets and AlexNet, edges refined"


def test_a_small_p_is_not_told_as_none() -> None:
    rows = [Comparison("vote3", "stock_2d", OVERALL, 12, 0.1, 0.0, 0.2, p, 1.0) for p in P_VALUES]

    assert [line[6] for line in comparison_lines(rows)[1:]] == ["0.250", "0.001", "4.9e-04"]
