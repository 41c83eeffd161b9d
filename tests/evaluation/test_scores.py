from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from shoulderseg.evaluation import surface
from shoulderseg.evaluation.scores import (
    METRICS,
    score_case,
    score_case_at_tolerances,
    summarise,
)

_LabelMap = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
_LABELS = {"background": 0, "humerus": 1, "glenoid": 2}
_SPACING = (3.0, 0.5, 0.8)
_SHARES = ("dice", "iou", "ppv", "sensitivity", "nsd")


def _maps() -> tuple[_LabelMap, _LabelMap]:
    predicted = np.zeros((4, 8, 10), dtype=np.uint8)
    reference = np.zeros((4, 8, 10), dtype=np.uint8)
    reference[0:2, 1:4, 1:5] = 1
    predicted[0:2, 3:6, 1:5] = 1
    return predicted, reference


def test_values_known_on_paper() -> None:
    # The box of 2 x 3 x 4 voxels of the surface tests, shifted by 2 along y: 8 voxels shared.
    score = score_case(*_maps(), _LABELS, _SPACING, 0.5, "case")[0]
    assert (score.case, score.structure) == ("case", "humerus")
    assert score.dice == pytest.approx(16 / 48)
    assert score.iou == pytest.approx(8 / 40)
    assert score.ppv == score.sensitivity == pytest.approx(8 / 24)
    assert score.hd95_mm == pytest.approx(1.0)
    assert score.assd_mm == pytest.approx(0.5)
    assert score.nsd == pytest.approx(2 / 3)
    assert (score.reference_voxels, score.predicted_voxels) == (24, 24)
    assert score.reference_ml == score.predicted_ml == pytest.approx(24 * 1.2e-3)


def test_several_tolerances_from_one_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    # Per column of the shifted box 1.0, 0.5 and 0 mm, as in the surface tests.
    measured = []
    surface_distances = surface.surface_distances

    def measure(
        predicted: npt.NDArray[np.bool_],
        reference: npt.NDArray[np.bool_],
        spacing_mm: tuple[float, ...],
    ) -> surface.SurfaceDistances:
        measured.append(spacing_mm)
        return surface_distances(predicted, reference, spacing_mm)

    monkeypatch.setattr(surface, "surface_distances", measure)
    scores = score_case_at_tolerances(*_maps(), _LABELS, _SPACING, (1.0, 0.2, 0.5), "case")
    assert measured == [_SPACING]
    assert {limit: found[0].nsd for limit, found in scores.items()} == pytest.approx(
        {1.0: 1.0, 0.2: 1 / 3, 0.5: 2 / 3}
    )
    for limit, found in scores.items():
        # As text, since NaN is not equal to itself.
        assert str(found) == str(score_case(*_maps(), _LABELS, _SPACING, limit, "case"))


def test_several_tolerances_of_empty_masks() -> None:
    _, filled = _maps()
    scores = score_case_at_tolerances(
        np.zeros_like(filled), filled, _LABELS, _SPACING, (0.5, 1.0), "case"
    )
    assert [scores[limit][0].nsd for limit in (0.5, 1.0)] == [0.0, 0.0]
    assert all(math.isnan(scores[limit][1].nsd) for limit in (0.5, 1.0))


def test_no_tolerance_and_an_unusable_one() -> None:
    assert score_case_at_tolerances(*_maps(), _LABELS, _SPACING, (), "case") == {}
    assert score_case_at_tolerances(*_maps(), {}, _SPACING, (0.5, 0.5), "case") == {0.5: []}
    empty = np.zeros((2, 3, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match="Tolerance is -1"):
        score_case_at_tolerances(empty, empty, _LABELS, _SPACING, (0.5, -1.0), "case")


def test_both_empty_is_not_counted() -> None:
    score = score_case(*_maps(), _LABELS, _SPACING, 0.5, "case")[1]
    assert score.structure == "glenoid"
    assert all(math.isnan(getattr(score, metric)) for metric in METRICS)
    assert (score.reference_voxels, score.predicted_voxels) == (0, 0)


@pytest.mark.parametrize("swap", [False, True])
def test_exactly_one_empty_is_the_worst_case(swap: bool) -> None:
    _, filled = _maps()
    pair = (filled, np.zeros_like(filled))
    score = score_case(*(pair[::-1] if swap else pair), _LABELS, _SPACING, 0.5, "case")[0]
    assert [getattr(score, share) for share in _SHARES] == [0.0] * 5
    diagonal = math.sqrt((4 * 3.0) ** 2 + (8 * 0.5) ** 2 + (10 * 0.8) ** 2)
    assert score.hd95_mm == score.assd_mm == pytest.approx(diagonal)


def test_perfect_prediction() -> None:
    _, reference = _maps()
    score = score_case(reference, reference, _LABELS, _SPACING, 0.0, "case")[0]
    assert [getattr(score, share) for share in _SHARES] == [1.0] * 5
    assert score.hd95_mm == score.assd_mm == 0.0


def test_summary_leaves_out_what_has_no_value_and_says_so() -> None:
    predicted, reference = _maps()
    scores = [
        *score_case(predicted, reference, _LABELS, _SPACING, 0.5, "a"),
        *score_case(reference, reference, _LABELS, _SPACING, 0.5, "b"),
        *score_case(np.zeros_like(reference), reference, _LABELS, _SPACING, 0.5, "c"),
    ]
    summary = summarise(scores)
    # Dice 1/3, 1 and 0: mean 4/9, squares of the deviations 1/81 + 25/81 + 16/81 over 2.
    assert summary["humerus"]["dice"] == pytest.approx((4 / 9, math.sqrt(42 / 162), 3, 0))
    glenoid = summary["glenoid"]["hd95_mm"]
    assert math.isnan(glenoid.mean)
    assert (glenoid.n, glenoid.left_out) == (0, 3)
    assert set(summary["humerus"]) == set(METRICS)


def test_standard_deviation_of_one_case_is_unknown() -> None:
    only = summarise(score_case(*_maps(), _LABELS, _SPACING, 0.5, "a"))["humerus"]["assd_mm"]
    assert only.mean == pytest.approx(0.5)
    assert math.isnan(only.sd)
    assert summarise([]) == {}


def test_record_holds_every_field() -> None:
    record = score_case(*_maps(), _LABELS, _SPACING, 0.5, "a")[0].as_record()
    assert record["case"] == "a"
    assert record["tolerance_mm"] == 0.5
    assert set(METRICS) < set(record)


@pytest.mark.parametrize(
    ("spacing", "tolerance", "reason"),
    [((3.0, 0.5), 0.5, "Spacing"), ((3.0, -0.5, 0.8), 0.5, "Spacing"), (_SPACING, -1.0, "Toler")],
)
def test_wrong_lengths_are_refused_even_for_empty_masks(
    spacing: tuple[float, ...], tolerance: float, reason: str
) -> None:
    empty = np.zeros((2, 3, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match=reason):
        score_case(empty, empty, _LABELS, spacing, tolerance, "case")


def test_unequal_shapes_name_the_case() -> None:
    predicted, reference = _maps()
    with pytest.raises(ValueError, match="case7: prediction and reference"):
        score_case(predicted[:, :, :-1], reference, _LABELS, _SPACING, 0.5, "case7")
    with pytest.raises(ValueError, match="one shape"):
        score_case(predicted[0], reference[0], _LABELS, _SPACING, 0.5, "case7")
