"""What an experiment writes."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.five_patients import is_done
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.writer import write_label_map
from shoulderseg.workflows.experiment.data import ExperimentData, lay_out
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.results import write_results
from tests.workflows.experiment.made_experiment import scores_of, write_raw

PROTOCOL = Protocol(
    "4", epochs=1, iterations=5, refiner_epochs=1, refiner_steps=5, learning_rate=0.001
)
ROWS = {"vote3": (0.8, 0.6), "stock_2d": (0.9, 0.5)}


@pytest.fixture
def data(tmp_path: Path) -> ExperimentData:
    """Data of an experiment that has found what the references have."""
    raw = write_raw(tmp_path / "raw" / "Dataset004_Made", [f"p{number}" for number in range(8)])
    found = lay_out(raw, tmp_path / "out", PROTOCOL)
    folder = found.out / "predictions" / "vote3"
    folder.mkdir(parents=True)
    for case in found.assignment.test:
        label_map = read_label_map(found.label_map(case)).array
        write_label_map(folder / f"{case}.nii.gz", label_map, read_image(found.image(case)))
    return found


def written(data: ExperimentData) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((data.out / "results.json").read_text())
    return kept


def test_failed_test_cases_are_kept_and_the_benchmark_tries_again(data: ExperimentData) -> None:
    asked = replace(PROTOCOL, dataset=data.name)
    first, *others = sorted(data.assignment.test)
    cases = {case: scores_of(case, ROWS) for case in others}
    table, _ = write_results(data, asked, cases, [], [f"{first}: damaged"])
    assert f"Not scored: {first}: damaged" in table
    assert written(data)["failed"] == [f"{first}: damaged"]
    path = data.out / "results.json"
    assert not is_done(path, asked)
    cases[first] = scores_of(first, ROWS)
    write_results(data, asked, cases, [])
    assert written(data)["failed"] == []
    assert is_done(path, asked)


def test_the_benchmark_takes_no_results_of_another_protocol(data: ExperimentData) -> None:
    asked = replace(PROTOCOL, dataset=data.name)
    cases = {case: scores_of(case, ROWS) for case in data.assignment.test}
    write_results(data, asked, cases, [])
    path = data.out / "results.json"
    assert is_done(path, asked)
    for other in (
        {"epochs": 2},
        {"seed": 77},
        {"size": "small"},
        {"test_on": ("p1", "p2")},
        {"tolerance_mm": 2.0},
        {"start_from": "default"},
        {"dataset": "Dataset005_Other"},
    ):
        assert not is_done(path, replace(asked, **other)), other
    kept = written(data)
    for changed in ({"dataset": "Dataset005_Other"}, {"versions": {"shoulderseg": "0.0.1"}}):
        path.write_text(json.dumps(kept | changed))
        assert not is_done(path, asked)
    path.write_text(json.dumps(kept))
    assert is_done(path, asked)
    assert not is_done(data.out / "none.json", asked)


def test_what_the_reference_lacks_is_said(data: ExperimentData) -> None:
    first, *others = sorted(data.assignment.test)
    cases = {case: scores_of(case, ROWS) for case in others}
    cases[first] = scores_of(first, {"vote3": (0.8, None), "stock_2d": (0.9, 0.0)}, ("glenoid",))
    table, _ = write_results(data, PROTOCOL, cases, [])
    assert f"The reference has no glenoid in {first}: not counted for it in any row" in table
    assert written(data)["false_positives"]["stock_2d"]["glenoid"] == 1
    assert written(data)["false_positives"]["vote3"]["glenoid"] == 0


def test_the_page_says_how_long_and_how_fast_each_learned(data: ExperimentData) -> None:
    cases = {case: scores_of(case, ROWS) for case in data.assignment.test}
    longer = replace(PROTOCOL, refiner_epochs=7, refiner_steps=30)
    table, page = write_results(data, longer, cases, [])
    text = (
        "Each U-Net and stock nnU-Net: 1 epochs of 5 steps, size auto; each AlexNet: 7 epochs of "
        "30 steps"
    )
    assert text in table
    assert text in page.read_text(encoding="utf-8")
    begun = replace(longer, start_from="mine")
    table, _ = write_results(data, begun, cases, [])
    ours, stock = "weights of mine and a learning rate of 0.001", "stock nnU-Net with random ones"
    assert f"{ours}, {stock} and its own rate of 0.01; no test patient" in table
    table, _ = write_results(data, replace(begun, learning_rate=None), cases, [])
    assert f"weights of mine, {stock}; no test patient" in table
    table, _ = write_results(data, replace(begun, stock=()), cases, [])
    assert f"{ours}; no test patient" in table
    assert "Each U-Net: 1 epochs" in table
    assert "stock nnU-Net is" not in table


def test_what_stock_nnunet_is_and_how_much_each_side_learns_stands_beside_the_table(
    data: ExperimentData,
) -> None:
    cases = {case: scores_of(case, ROWS) for case in data.assignment.test}
    sides = (
        "In each fold ours are three U-Nets (3 x 5 steps) and an AlexNet (5 steps), stock nnU-Net "
        "is one network 2d (5 steps): equal for a network, not for a side."
    )
    small = (
        "Stock nnU-Net 2d is not the network that nnU-Net plans: it has the small plans of our "
        "U-Nets, at most 6 stages and 128 features"
    )
    for protocol, cut in ((PROTOCOL, False), (replace(PROTOCOL, size="small"), True)):
        table, page = write_results(data, protocol, cases, [])
        for text in (table, page.read_text(encoding="utf-8")):
            assert sides in text
            assert (small in html.unescape(text)) == cut
    both = replace(PROTOCOL, size="small", stock=("3d_fullres",))
    volumes = {
        case: scores_of(case, {**ROWS, "stock_3d_fullres": (0.8, 0.7)})
        for case in data.assignment.test
    }
    table, _ = write_results(data, both, volumes, [])
    assert "one network 3d_fullres (5 steps)" in table
    assert small not in table
    # nnU-Net plans none for some data; the table does not tell of what was left out.
    table, _ = write_results(data, both, cases, [])
    assert "3d_fullres" not in table


def test_images_that_are_taken_for_patients_are_told(data: ExperimentData) -> None:
    told = "Each image counts as a patient of its own."
    cases = {case: scores_of(case, ROWS) for case in data.assignment.test}
    table, _ = write_results(data, PROTOCOL, cases, [])
    assert told in table
    learned = dict.fromkeys(data.assignment.train, "one")
    known = replace(data, assignment=replace(data.assignment, train=learned))
    table, _ = write_results(known, PROTOCOL, cases, [])
    assert told not in table


def test_versions_of_the_beginning_are_kept(data: ExperimentData) -> None:
    cases = {case: scores_of(case, ROWS) for case in data.assignment.test}
    assert data.begun_with["nnunetv2"]
    _, page = write_results(replace(data, begun_with={"torch": "1.2.3"}), PROTOCOL, cases, [])
    assert written(data)["begun_with"] == {"torch": "1.2.3"}
    assert written(data)["versions"]["torch"] != "1.2.3"
    assert "torch at the beginning" in page.read_text(encoding="utf-8")


def test_the_fingerprint_of_the_bundle_to_start_from_is_kept(data: ExperimentData) -> None:
    cases = {case: scores_of(case, ROWS) for case in data.assignment.test}
    write_results(data, PROTOCOL, cases, [])
    assert written(data)["start"] is None
    start = {"bundle_sha256": "ab12", "weights_sha256": "cd34"}
    _, page = write_results(replace(data, start=start), PROTOCOL, cases, [])
    assert written(data)["start"] == start
    assert "ab12" in page.read_text(encoding="utf-8")
