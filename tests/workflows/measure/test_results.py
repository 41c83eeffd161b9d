"""Measures of what `predict` made: how sure they are, and of which shoulder."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shoulderseg.morphometry.catalogue import DEFINITIONS
from shoulderseg.morphometry.field_of_view import FieldOfView
from shoulderseg.refine.examination.consensus import Consensus
from shoulderseg.workflows.examination.vote import Examination
from shoulderseg.workflows.measure.basis import BASIS
from shoulderseg.workflows.measure.results import (
    KEY,
    measure_examination,
    measure_result,
    write_measures,
)
from shoulderseg.workflows.measure.side import check_side
from tests.workflows.measure.made_case import VALUES, drawn, result, source

SURE = {"humerus": 0.95, "glenoid": 0.95}


def named(record: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {measure["name"]: measure for measure in record[KEY]}


@pytest.mark.parametrize("dice", [None, math.nan, 1.5, -0.1, "high", True])
def test_a_predicted_dice_that_is_none_promises_nothing(dice: object) -> None:
    found = named(measure_result(source(), result({"humerus": dice, "glenoid": 0.95})))

    assert found["head_radius"]["value"] == pytest.approx(24, abs=0.4)
    assert found["head_radius"]["uncertainty"] is None
    assert found["glenoid_height"]["uncertainty"] > 0


@pytest.mark.parametrize("quality", [None, {}, {"glenoid": 0.9, "flags": []}])
def test_without_predicted_dice_nothing_is_known_of_how_sure_it_is(quality: object) -> None:
    found = named(measure_result(source(), result(quality)))

    assert found["head_radius"]["value"] is not None
    assert found["head_radius"]["uncertainty"] is None


def test_whatever_cannot_be_measured_fails_no_case() -> None:
    assert measure_result(source(), result(7)) == {}
    assert measure_result(source([]), result(SURE))[KEY]


def test_what_is_given_counts_where_the_image_says_nothing() -> None:
    alone, given, told = (
        named(measure_result(source(said), result(SURE), side))
        for said, side in (("", ""), ("", "left"), ("left", ""))
    )

    assert alone["bone_loss_area"]["value"] is None
    assert given["bone_loss_area"]["value"] == told["bone_loss_area"]["value"] > 10


def test_axes_tell_the_side_where_the_image_does_not() -> None:
    silent = named(measure_result(source(), result(SURE), "axes"))
    wrong = named(measure_result(source("right"), result(SURE), "axes"))

    assert silent["bone_loss_area"]["value"] > 10
    # What an image says of itself is not overruled.
    assert wrong["bone_loss_area"]["value"] is None


@pytest.mark.parametrize(
    ("said", "given", "side", "by"),
    [
        ("", "axes", "left", "header's axes"),
        ("", "left", "left", "option --side"),
        ("left", "axes", "left", "image"),
        ("left", "right", "", ""),
        ("", "", "", ""),
    ],
)
def test_what_measures_rest_on_stands_beside_them(
    tmp_path: Path, said: str, given: str, side: str, by: str
) -> None:
    dice = {"humerus": 0.95, "glenoid": None}
    record = {"case": "a", **measure_result(source(said), result(dice), given)}

    basis = record[BASIS]
    assert (basis["side"], basis["side_from"]) == (side, by)
    assert (basis["masks"], basis["dice"]) == ("predicted", dice)
    assert basis["spacing_mm"] == [1.5, 1.5, 1.5]
    assert "nine of ten phantoms, on voxels of 1 mm" in basis["uncertainty"]
    # Of an earlier version there is nothing of it.
    write_measures(tmp_path, [record, {"case": "b", KEY: record[KEY]}])
    with (tmp_path / "measures.csv").open(encoding="utf-8-sig", newline="") as stream:
        row, old = csv.DictReader(stream)
    columns = ("side", "side_from", "masks", "humerus_dice", "glenoid_dice", "spacing_mm")
    told = [side, by, "predicted", "0.95", "", "1.5 x 1.5 x 1.5"]
    assert [row[column] for column in columns] == told
    assert [old[column] for column in columns] == [""] * 6
    assert old["head_radius_mm"] == row["head_radius_mm"]


def test_fused_bones_name_the_voxels_of_their_series() -> None:
    steps = (np.diag([4.0, 0.7, 0.7]), np.diag([0.7, 0.7, 3.5]))
    alone, view = Consensus(None, ()), FieldOfView(steps_mm=steps)
    results = (result(SURE, "a"), result(SURE, "b"))
    examination = Examination(results, drawn(results[0]), {}, (alone, alone), (view, view))

    basis = measure_examination("one", [source("left")] * 2, examination, VALUES)[BASIS]

    assert basis["series_spacing_mm"] == [[4.0, 0.7, 0.7], [0.7, 0.7, 3.5]]
    assert "was not checked for fused bones" in basis["uncertainty"]


def test_an_uncertainty_says_what_it_was_seen_to_hold() -> None:
    found = named(measure_result(source("left"), result(SURE)))

    assert found["head_radius"]["uncertainty_holds"].startswith("the true value")
    held = found["joint_gap_minimum"]["uncertainty_holds"]
    assert held.startswith("what the same measure gives on a better mask")
    assert "uncertainty_holds" not in found["bone_loss_area"]


def test_a_side_against_the_image_refuses_what_needs_it_and_names_both() -> None:
    found = named(measure_result(source("left"), result(SURE), "right"))

    for name, definition in DEFINITIONS.items():
        if definition.to_front:
            assert found[name]["value"] is None
            assert found[name]["refused"] == "the side is given as right, and the image says left"
    assert found["head_radius"]["value"] is not None


def test_series_of_an_examination_have_one_side() -> None:
    results = (result({}, "a"), result(SURE, "b"))
    alone = Consensus(None, ())
    examination = Examination(results, drawn(results[0]), {}, (alone, alone))

    def loss(*sides: str, given: str = "", name: str = "bone_loss_area") -> dict[str, Any]:
        series = [source(side, str(k)) for k, side in enumerate(sides)]
        return named(measure_examination("one", series, examination, VALUES, given))[name]

    assert loss("left", "left")["value"] > 10
    assert loss("left", "")["value"] > 10
    assert loss("", "")["value"] is None
    assert loss("left", "", given="left")["value"] > 10
    assert loss("left", "right")["value"] is None
    assert loss("left", "right", given="left")["refused"].endswith("the images say right")
    # The fused bone fits as well as that of the best series.
    assert loss("left", "left", name="glenoid_height")["uncertainty"] > 0


def test_a_bone_that_a_filled_margin_cuts_is_cut() -> None:
    whole, cut = result(SURE), result(SURE)
    volume, _ = cut.segmented()
    # The lowest slices hold one value.
    volume.array[:18] = 0

    before, after = (named(measure_result(source("left"), one)) for one in (whole, cut))

    assert before["humerus_volume"].get("note", "") == ""
    assert "inferior" in after["humerus_volume"]["note"]
    assert after["humerus_volume"]["value"] == before["humerus_volume"]["value"]
    assert "cuts" in after["glenoid_height"]["refused"]
    assert before["glenoid_height"]["value"] is not None


def test_an_image_without_noise_about_the_bones_has_no_margins() -> None:
    """As one that is masked, or simulated."""
    masked = result(SURE)
    volume, found = masked.segmented()
    volume.array[found.label_map == 0] = 0

    measured = named(measure_result(source("left"), masked))

    assert measured["head_radius"]["value"] == pytest.approx(24, abs=0.4)
    assert measured["humerus_volume"].get("note", "") == ""


def test_only_series_that_had_a_say_tell_how_well_the_fused_bone_fits() -> None:
    results = (result({"humerus": 0.8, "glenoid": 0.8}, "a"), result(SURE, "b"))
    alone = Consensus(None, ())
    said = {name: {bone: {"used": name == "a"} for bone in VALUES} for name in ("a", "b")}

    def radius(record: dict[str, Any]) -> float:
        examination = Examination(results, drawn(results[0]), record, (alone, alone))
        found = named(measure_examination("one", [source()] * 2, examination, VALUES))
        return float(found["head_radius"]["uncertainty"])

    assert radius({"series": said}) > 1.5 * radius({})


def test_measures_come_with_their_definitions_and_marks(tmp_path: Path) -> None:
    record = {"case": "a", **measure_result(source("left"), result(SURE))}
    found = named(record)

    assert found["head_radius"]["method"] == DEFINITIONS["head_radius"].method
    assert found["head_radius"]["source"] == DEFINITIONS["head_radius"].source
    assert "method" not in found["version_3d"]
    found["humerus_volume"]["note"] = "cut by the image: inferior"
    write_measures(tmp_path, [record, {"examination": "a", KEY: record[KEY]}])
    with (tmp_path / "measures.csv").open(encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        row, fused = table
    # An examination may be called as a case.
    assert (table.fieldnames or [])[:3] == ["case", "kind", "side"]
    assert [(one["case"], one["kind"]) for one in (row, fused)] == [
        ("a", "series"),
        ("a", "examination"),
    ]
    assert row["bone_loss_area_note"].startswith("experimental; of a predicted mask")
    assert row["humerus_volume_note"] == "cut by the image: inferior"
    assert row["head_radius_note"] == ""


def test_no_other_word_is_a_side() -> None:
    check_side("axes")
    with pytest.raises(ValueError, match="'Left', expected left, right or axes"):
        check_side("Left")
