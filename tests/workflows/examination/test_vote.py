from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.flags import FAILED
from shoulderseg.workflows.examination.run import segment_series
from shoulderseg.workflows.examination.vote import Examination, vote_together
from shoulderseg.workflows.examination.write import write_examination
from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.segmentation.options import Options, settings_of
from shoulderseg.workflows.segmentation.result import Result
from shoulderseg.workflows.segmentation.revote import revote
from shoulderseg.workflows.segmentation.segment import Segmentation
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.workflows.examination.made_results import NAMES, Taken, dice, take

SETTINGS = settings_of(Options(device="cpu"))


@pytest.fixture(scope="module")
def bundle(untrained: Path) -> Bundle:
    return read_bundle(untrained)


@pytest.fixture(scope="module")
def series() -> list[Taken]:
    """Three series of one shoulder; the sagittal one's U-Nets missed the glenoid."""
    return [
        take("axial", "axial"),
        take("coronal", "coronal", turn_deg=(2, 0, 3), shift_mm=(2, -1, 2)),
        take("sagittal", "sagittal", missed=("glenoid",), turn_deg=(0, 3, -2), shift_mm=(0, 3, 1)),
    ]


@pytest.fixture(scope="module")
def together(series: list[Taken], bundle: Bundle) -> Examination:
    return vote_together([one.result for one in series], bundle, SETTINGS)


def test_a_missed_bone_comes_from_the_others(series: list[Taken], together: Examination) -> None:
    alone, given = series[2].result, together.results[2]

    assert dice(alone, series[2].truth, 2) == 0
    assert dice(given, series[2].truth, 2) > 0.8
    assert dice(given, series[2].truth, 1) > 0.97
    assert given.flags == [
        "glenoid: the bone was not found in it; taken from the other series of the examination"
    ]
    assert together.record["series"]["sagittal"]["glenoid"]["taken_from_the_others"]


def test_series_that_were_right_stay_right(series: list[Taken], together: Examination) -> None:
    for one, result in zip(series[:2], together.results[:2], strict=True):
        assert dice(result, one.truth, 1) > 0.97
        assert dice(result, one.truth, 2) > 0.93
        assert result.flags == []
        assert result.name == one.result.name


def test_what_was_given_is_left_as_it_was(series: list[Taken], together: Examination) -> None:
    assert dice(series[2].result, series[2].truth, 2) == 0
    assert series[2].result.flags == []
    assert together.results[2] is not series[2].result


def test_motion_and_agreement_are_told(together: Examination) -> None:
    record = json.loads(json.dumps(together.record))

    [pair] = [
        pair
        for pair in record["bones"]["humerus"]["pairs"]
        if set(pair["series"]) == {"axial", "coronal"}
    ]
    assert pair["dice"] > 0.9
    assert pair["shift_mm"] == pytest.approx(3.0, abs=1.5)
    assert pair["turn_deg"] == pytest.approx(3.6, abs=2.0)
    assert [len(record["bones"][bone]["pairs"]) for bone in NAMES] == [3, 1]


def test_bones_on_a_fine_grid(together: Examination) -> None:
    """The plate is cut off by nothing: its volume is 20 x 26 x 34 mm."""
    bones = together.bones

    assert bones is not None
    assert bones.spacing_mm == (0.5, 0.5, 0.5)
    volume_ml = np.count_nonzero(bones.array == 2) / 8000
    assert volume_ml == pytest.approx(20 * 26 * 34 / 1000, rel=0.12)


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_mirrored_series_is_left_out_and_the_others_are_as_without_it(
    series: list[Taken], together: Examination, bundle: Bundle, plane: str
) -> None:
    wrong = take("wrong", plane, mirrored=True)

    found = vote_together([wrong.result, *(one.result for one in series)], bundle, SETTINGS)

    np.testing.assert_array_equal(found.results[0].labels, wrong.result.labels)
    assert any("not as in the other series" in flag for flag in found.results[0].flags)
    for before, after in zip(together.results, found.results[1:], strict=True):
        np.testing.assert_array_equal(before.labels, after.labels)


@pytest.mark.parametrize("bone", ["humerus", "glenoid"])
def test_either_bone_can_come_from_the_others(bundle: Bundle, bone: str) -> None:
    taken = [
        take("axial", "axial"),
        take("coronal", "coronal", shift_mm=(1, 2, 0)),
        take("sagittal", "sagittal", missed=(bone,), shift_mm=(-2, 0, 1)),
    ]

    found = vote_together([one.result for one in taken], bundle, SETTINGS)

    assert dice(found.results[2], taken[2].truth, NAMES[bone]) > 0.8
    assert found.record["series"]["sagittal"][bone]["turn_deg"] is None


def test_two_series_that_contradict_each_other_stay_as_they_are(bundle: Bundle) -> None:
    taken = [take("axial", "axial"), take("coronal", "coronal", mirrored=True)]

    found = vote_together([one.result for one in taken], bundle, SETTINGS)

    assert found.bones is None
    for before, after in zip(taken, found.results, strict=True):
        np.testing.assert_array_equal(before.result.labels, after.labels)
        assert any("no two series of the examination agree" in flag for flag in after.flags)


def test_a_series_in_which_the_vote_fails_costs_the_others_nothing(
    series: list[Taken], together: Examination, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    reason = "no memory is left"

    def fails_in_coronal(found: Segmentation, volume: Volume, *rest: Any) -> Segmentation:  # noqa: ANN401
        if found is series[1].result.segmentation:
            raise MemoryError(reason)
        return revote(found, volume, *rest)

    monkeypatch.setattr("shoulderseg.workflows.segmentation.revote.revote", fails_in_coronal)

    found = vote_together([one.result for one in series], bundle, SETTINGS)

    np.testing.assert_array_equal(found.results[1].labels, series[1].result.labels)
    assert any("no memory is left" in flag for flag in found.results[1].flags)
    for k in (0, 2):
        np.testing.assert_array_equal(found.results[k].labels, together.results[k].labels)
        assert found.results[k].flags == together.results[k].flags


def test_nothing_found_anywhere(bundle: Bundle) -> None:
    taken = [take(name, name, missed=("humerus", "glenoid")) for name in ("axial", "coronal")]

    found = vote_together([one.result for one in taken], bundle, SETTINGS)

    assert found.bones is None
    for before, after in zip(taken, found.results, strict=True):
        np.testing.assert_array_equal(before.result.labels, after.labels)


def test_files_of_an_examination(together: Examination, tmp_path: Path) -> None:
    written = write_examination(tmp_path, "exam", together, NAMES)

    assert sorted(written) == sorted(path.name for path in tmp_path.iterdir())
    assert {"exam.json", "exam_bones.nii.gz", "exam_humerus.stl", "exam_glenoid.ply"} <= set(
        written
    )
    assert together.bones is not None
    read = read_label_map(tmp_path / "exam_bones.nii.gz")
    np.testing.assert_array_equal(read.array, together.bones.array)
    np.testing.assert_allclose(read.origin_mm, together.bones.origin_mm, atol=1e-3)


class TestSegmentSeries:
    """A series that fails, and a vote that fails, lose nothing of the others."""

    def inputs(self, names: list[str]) -> list[CaseInput]:
        def load() -> None:
            raise AssertionError

        return [CaseInput(name, Path(name), load) for name in names]  # type: ignore[arg-type]

    def test_a_failed_series_is_missed_by_nobody(
        self, series: list[Taken], untrained: Path
    ) -> None:
        results = {one.result.name: one.result for one in series[:2]}

        def segment(case: CaseInput) -> Result:
            if case.name not in results:
                msg = f"{case.name} is damaged"
                raise ValueError(msg)
            return results[case.name]

        outcomes: list[Result | Exception] = []
        examination, why = segment_series(
            self.inputs(["axial", "broken", "coronal"]),
            segment,
            Segmenter(untrained, device="cpu"),
            outcomes,
        )

        assert examination is not None
        assert not why
        assert isinstance(outcomes[1], ValueError)
        assert reason_of(outcomes[1]) == "broken is damaged"
        assert [one.name for one in outcomes if isinstance(one, Result)] == ["axial", "coronal"]

    def test_a_failed_vote_leaves_each_series_its_own(
        self, series: list[Taken], untrained: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        results = {one.result.name: one.result for one in series}

        def fail(*_: object) -> None:
            raise MemoryError

        monkeypatch.setattr("shoulderseg.workflows.examination.run.vote_together", fail)
        outcomes: list[Result | Exception] = []
        examination, why = segment_series(
            self.inputs(list(results)),
            lambda case: results[case.name],
            Segmenter(untrained, device="cpu"),
            outcomes,
        )

        for outcome, result in zip(outcomes, results.values(), strict=True):
            assert isinstance(outcome, Result)
            voted, own = (one.segmented()[1] for one in (outcome, result))
            assert voted.label_map is own.label_map
            assert FAILED in str(voted.measures["quality"]["flags"])
        assert examination is None
        assert "the vote failed" in why


def test_series_called_alike_are_refused(series: list[Taken], bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="called alike: axial, axial"):
        vote_together([series[0].result, series[0].result], bundle, SETTINGS)
