"""Measures of label maps in files."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.writer import write_label_map
from shoulderseg.workflows.measure.folder import MeasuredCase, measure_folder
from shoulderseg.workflows.measure.shoulder import measure_volume
from shoulderseg.workflows.measure.table import TABLE_FILE
from tests.datasets.oblique_case import write_sources
from tests.morphometry.made_shoulder import Made
from tests.workflows.measure.made_case import VALUES, label_map, result


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir()
    for name, made in (("whole", Made()), ("worn", Made(front=8.0))):
        volume = label_map(made)
        write_label_map(folder / f"{name}.nii.gz", volume.array, volume)
    return folder


def table(out: Path) -> dict[str, dict[str, str]]:
    with (out / TABLE_FILE).open(encoding="utf-8-sig", newline="") as file:
        return {row["case"]: row for row in csv.DictReader(file)}


def test_a_row_a_case_with_units_and_reasons(labels: Path, tmp_path: Path) -> None:
    cases = measure_folder(labels, tmp_path / "out", VALUES, "left")

    assert [case.case for case in cases] == ["whole", "worn"]
    rows = table(tmp_path / "out")
    assert float(rows["whole"]["head_radius_mm"]) == pytest.approx(24, abs=0.4)
    assert float(rows["whole"]["head_radius_mm_uncertainty"]) > 0
    assert float(rows["worn"]["bone_loss_linear_percent"]) > 15
    assert rows["whole"]["neck_shaft_angle_deg"] == ""
    assert "shaft" in rows["whole"]["neck_shaft_angle_refused"]
    record = json.loads((tmp_path / "out" / "worn.json").read_text(encoding="utf-8"))
    named = {measure["name"]: measure for measure in record["measures"]}
    assert named["bone_loss_linear"]["experimental"]
    assert named["critical_shoulder_angle"]["refused"].startswith("needs the acromion")


def test_what_measures_rest_on_is_told_in_both_files(labels: Path, tmp_path: Path) -> None:
    cases = measure_folder(labels, tmp_path / "out", VALUES, "axes")

    record = json.loads((tmp_path / "out" / "whole.json").read_text(encoding="utf-8"))
    basis, row = record["measures_rest_on"], table(tmp_path / "out")["whole"]
    assert basis == cases[0].basis
    assert (basis["side"], basis["side_from"]) == ("left", "header's axes")
    assert (basis["masks"], basis["dice"]) == ("taken as true", None)
    assert (row["side"], row["masks"], row["glenoid_dice"]) == ("left", "taken as true", "")
    assert row["spacing_mm"] == "1.5 x 1.5 x 1.5"


def test_slices_are_said_to_be_unlike_what_was_looked_at(tmp_path: Path) -> None:
    volume = label_map(Made())
    sliced = replace(volume, array=volume.array[:, ::2], spacing_mm=(1.5, 3.0, 1.5))
    write_label_map(tmp_path / "a.nii.gz", sliced.array, sliced)

    [case] = measure_folder(tmp_path / "a.nii.gz", tmp_path / "out", VALUES)

    assert "these are unlike them" in case.basis["uncertainty"]


def test_label_maps_of_fused_bones_are_told_from_others(labels: Path, tmp_path: Path) -> None:
    for name in ("exam", "drawn", "old", "other", "lone"):
        (labels / f"{name}_bones.nii.gz").write_bytes((labels / "worn.nii.gz").read_bytes())
    # As `predict` writes it beside the bones; one of them from slices of 4 mm.
    steps = np.diag([0.7, 0.7, 4.0])[:, ::-1].tolist()
    told = {"reference": "a", "pairs": [], "steps_mm": [steps, steps]}
    record = {"series": {}, "bones": dict.fromkeys(VALUES, told)}
    for name in ("exam", "lone"):
        (labels / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")
    whole = read_label_map(labels / "worn.nii.gz")
    # The last two were copied without their records, the last without its bones.
    for name in ("exam", "drawn", "examination_1234"):
        write_label_map(labels / f"{name}_unseen.nii.gz", np.zeros_like(whole.array), whole)
    (labels / "old.json").write_text('{"series": {}, "bones": {"humerus": {}}}', encoding="utf-8")
    # As a converter writes one beside each image.
    (labels / "other.json").write_text('{"Modality": "MR"}', encoding="utf-8")

    cases = {case.case: case for case in measure_folder(labels, tmp_path / "out", VALUES)}

    rows = table(tmp_path / "out")
    assert {name: row["kind"] for name, row in rows.items()} == {
        "drawn_bones": "series",
        "exam_bones": "examination",
        "lone_bones": "examination",
        "old_bones": "examination",
        "other_bones": "series",
        "whole": "series",
        "worn": "series",
    }
    # Its voxels are as fine as those of the others.
    assert "mm apart" in rows["exam_bones"]["glenoid_height_refused"]
    assert rows["drawn_bones"]["glenoid_height_mm"]
    assert "old.json does not tell how finely" in cases["old_bones"].error
    # As whole bones it would measure what slices cut.
    assert "lone_unseen.nii.gz is not beside it" in cases["lone_bones"].error
    assert rows["other_bones"]["glenoid_height_mm"]


def test_fused_bones_end_where_no_series_shows_them(labels: Path, tmp_path: Path) -> None:
    volume = read_label_map(labels / "worn.nii.gz")
    (labels / "exam_bones.nii.gz").write_bytes((labels / "worn.nii.gz").read_bytes())
    told = {"reference": "a", "pairs": [], "steps_mm": [np.eye(3)[:, ::-1].tolist()]}
    record = {"series": {}, "bones": dict.fromkeys(VALUES, told)}
    (labels / "exam.json").write_text(json.dumps(record), encoding="utf-8")
    # Of the glenoid no series shows what lies below the first of its slices.
    lowest = int(np.nonzero(volume.array == VALUES["glenoid"])[0].min())
    unseen = np.zeros_like(volume.array)
    unseen[:lowest] = 2
    write_label_map(labels / "exam_unseen.nii.gz", unseen, volume)

    cases = {case.case: case for case in measure_folder(labels, tmp_path / "out", VALUES)}

    whole, cut = (
        {one["name"]: one for one in cases[name].measures} for name in ("worn", "exam_bones")
    )
    assert whole["glenoid_height"]["value"] is not None
    assert "cuts" in cut["glenoid_height"]["refused"]
    assert "inferior" in cut["glenoid_volume"]["note"]
    assert cut["humerus_volume"].get("note", "") == ""
    assert "exam_unseen" not in cases
    # That of other bones tells nothing.
    write_label_map(labels / "exam_unseen.nii.gz", unseen[1:], replace(volume, array=unseen[1:]))
    cases = {case.case: case for case in measure_folder(labels, tmp_path / "out", VALUES)}
    assert "exam_unseen.nii.gz is not on the grid" in cases["exam_bones"].error


def test_an_interruption_leaves_the_measures_that_are_done(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    measure_folder(labels, out, VALUES)

    def stop(case: MeasuredCase) -> None:
        # Neither does an old table stand beside new files meanwhile.
        assert not (out / TABLE_FILE).exists()
        if case.case == "whole":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_folder(labels, out, VALUES, on_case=stop)

    assert list(table(out)) == ["whole"]


def test_a_case_of_which_there_is_only_a_dicom_seg_is_named(tmp_path: Path) -> None:
    made = result(0.9)
    volume = made.segmented()[0]
    image = replace(volume, array=(100 * volume.array).astype(np.int16))
    files = tuple(write_sources(tmp_path / "series", image))
    both, alone = tmp_path / "both", tmp_path / "alone"
    replace(made, source_files=files).save(both)
    replace(made, source_files=files).save(alone, "dicom-seg")

    [whole] = measure_folder(both, tmp_path / "out", VALUES)
    [seg] = measure_folder(alone, tmp_path / "out", VALUES)

    assert (whole.case, whole.error) == ("a", "")
    assert seg.case == "a"
    assert seg.error.startswith("a.seg.dcm: a DICOM SEG, which is not read here; give")


def test_a_bad_file_keeps_no_other_from_its_turn(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    measure_folder(labels, out, VALUES)
    (labels / "whole.nii.gz").write_bytes(b"no image")

    cases = measure_folder(labels, out, VALUES)

    assert [bool(case.error) for case in cases] == [True, False]
    assert "whole.nii.gz" in cases[0].error
    # That of the earlier run would pass for this one's.
    assert not (out / "whole.json").exists()
    assert table(out)["whole"]["head_radius_mm"] == ""
    assert table(out)["worn"]["head_radius_mm"]


def test_results_never_lie_among_the_label_maps(labels: Path) -> None:
    (labels / "whole.json").write_text("kept", encoding="utf-8")

    for given in (labels, labels / "whole.nii.gz"):
        with pytest.raises(ValueError, match="holds the label maps"):
            measure_folder(given, labels, VALUES)

    assert (labels / "whole.json").read_text(encoding="utf-8") == "kept"


def test_the_axes_tell_the_side_where_that_is_asked_for(labels: Path) -> None:
    volume = read_label_map(labels / "worn.nii.gz")

    unknown, by_axes = (
        {one.name: one for one in measure_volume(volume, VALUES, side)} for side in ("", "axes")
    )

    assert unknown["bone_loss_area"].value is None
    assert by_axes["bone_loss_area"].value is not None


def test_other_values_and_labels_that_are_no_bones(labels: Path, tmp_path: Path) -> None:
    [whole, _] = measure_folder(labels, tmp_path / "out", {"humerus": 2, "glenoid": 1})
    assert {one["name"]: one for one in whole.measures}["humerus_volume"]["value"] < 30000
    with pytest.raises(ValueError, match="expected humerus and glenoid"):
        measure_volume(label_map(Made()), {"scapula": 1, "humerus": 2})
    with pytest.raises(FileNotFoundError):
        measure_folder(tmp_path / "none", tmp_path / "out", VALUES)


def test_measures_do_not_take_the_place_of_those_of_a_run(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    for name in ("shoulderseg_report.json", "measures.csv"):
        (tmp_path / "out" / name).write_text("of all cases")

    with pytest.raises(ValueError, match="holds results of `shoulderseg predict`"):
        measure_folder(labels, tmp_path / "out", VALUES)

    assert (tmp_path / "out" / "measures.csv").read_text() == "of all cases"
