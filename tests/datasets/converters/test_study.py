"""Masks of an examination: on which series each was drawn, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pydicom
import pytest

from shoulderseg.datasets.converters.convert import Order, convert_cases
from shoulderseg.datasets.converters.source import Rejected, SourceCase
from shoulderseg.datasets.converters.study import study_cases, study_settings
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg
from shoulderseg.datasets.labels import describe_labels
from shoulderseg.datasets.nnunet_raw import DatasetSpec
from shoulderseg.datasets.orientation import Reorientation, reorient
from shoulderseg.datasets.seg_nrrd import write_seg_nrrd
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_label_map
from tests.datasets.converters.drawn_study import (
    draw_mask,
    drawn_bones,
    of_patient,
    outcomes,
    series_grid,
    shifted_series,
    study_of,
    surveyed,
)
from tests.datasets.dicom import writing
from tests.datasets.oblique_case import centroid_mm

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.stack import Stack

_FORMATS = ["seg.nrrd", "nrrd", "nii.gz", "nii", "mha", "mhd", "BINARY", "LABELMAP"]
_TURNS = [
    Reorientation((0, 1, 2), (0,)),
    Reorientation((2, 0, 1), (1, 2)),
    Reorientation((1, 2, 0), (0, 2)),
]


def _check(case: SourceCase, grid: Volume) -> None:
    image, label_map = case.load()
    assert label_map.shape == image.array.shape
    for value in (1, 2):
        expected = centroid_mm(drawn_bones() == value, grid)
        np.testing.assert_allclose(centroid_mm(label_map == value, image), expected, atol=0.01)
    assert np.count_nonzero(label_map) == np.count_nonzero(drawn_bones())


@pytest.mark.parametrize("form", _FORMATS)
def test_a_mask_lies_where_it_was_drawn(tmp_path: Path, form: str) -> None:
    series = writing.write(tmp_path / "Doe/deep/er", writing.series())
    draw_mask(tmp_path / "Doe/masks/Doe_Jane", form, series)
    cases, rejected = outcomes(tmp_path)
    assert rejected == []
    (case,) = cases
    assert case.patient == "p001"
    assert case.name.startswith("p001_series_5_")
    np.testing.assert_array_equal(case.load().image.array, writing.voxels())
    _check(case, series_grid())
    assert "Doe" not in f"{case.name} {case.source}"


@pytest.mark.parametrize("turn", _TURNS)
def test_a_mask_with_its_axes_in_another_order(tmp_path: Path, turn: Reorientation) -> None:
    writing.write(tmp_path / "a", writing.series())
    turned = reorient(replace(series_grid(), array=drawn_bones()), turn)
    write_label_map(tmp_path / "a/mask.nii.gz", turned.array, turned)
    cases, _ = outcomes(tmp_path)
    _check(cases[0], series_grid())


def test_a_mask_of_another_grid(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    draw_mask(tmp_path / "a/Doe", "nii.gz", [], series_grid(shift_mm=0.3))
    cases, (mask, series) = outcomes(tmp_path)
    assert cases == []
    assert mask.fault
    assert "its grid fits no series. Nearest is series_5_" in mask.reason
    assert "origin in mm (x, y, z): found" in mask.reason
    assert "Doe" not in mask.reason + mask.source
    assert (series.fault, series.reason) == (False, "no mask was drawn on it.")


def test_two_patients_and_a_patient_with_two_series(tmp_path: Path) -> None:
    first = writing.write(tmp_path / "Roe 10/s", shifted_series(0, 0.0))
    writing.write(tmp_path / "Roe 10/s", shifted_series(1, 9.0), "b")
    writing.write(tmp_path / "Roe 9", of_patient(shifted_series(2, 0.0), 9))
    draw_mask(tmp_path / "Roe 10/one", "BINARY", first)
    draw_mask(tmp_path / "Roe 10/two", "nii.gz", [], series_grid(9.0))
    draw_mask(tmp_path / "Roe 9/one", "seg.nrrd", [])
    cases, rejected = outcomes(tmp_path)
    assert rejected == []
    assert [case.patient for case in cases] == ["p001", "p002", "p002"]
    assert len({case.name for case in cases}) == 3
    for case, shift_mm in zip(cases, (0.0, 0.0, 9.0), strict=True):
        _check(case, series_grid(shift_mm))
    assert [case.load().image.array[0, 0, 0] for case in cases] == [2000, 0, 1000]


def test_two_series_on_one_grid(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    writing.write(tmp_path / "a", writing.series(1), "b")
    draw_mask(tmp_path / "a/mask", "nii.gz", series)
    cases, rejected = outcomes(tmp_path)
    assert cases == []
    assert "its grid fits 2 series (series_5_" in rejected[0].reason
    (tmp_path / "a/mask.nii.gz").unlink()
    draw_mask(tmp_path / "a/mask", "BINARY", series)
    cases, rejected = outcomes(tmp_path)
    assert [case.load().image.array[0, 0, 0] for case in cases] == [0]
    assert [entry.reason for entry in rejected] == ["no mask was drawn on it."]


def test_a_mask_of_a_prediction_is_no_truth(tmp_path: Path) -> None:
    """`predict` writes such DICOM SEG, and archives give them back."""
    series = writing.write(tmp_path / "a", writing.series())
    draw_mask(tmp_path / "a/mask", "BINARY", series)
    strict = list(study_cases(study_of(tmp_path, automatic_masks=False)))
    assert [(entry.name[:10], isinstance(entry, Rejected)) for entry in strict] == [
        ("p001_mask1", True),
        ("p001_serie", True),
    ]
    mask = strict[0]
    assert isinstance(mask, Rejected)
    assert not mask.fault
    assert "SegmentAlgorithmType is AUTOMATIC" in mask.reason
    assert "--automatic-masks" in mask.reason
    assert len(outcomes(tmp_path)[0]) == 1
    seg = pydicom.dcmread(tmp_path / "a/mask.dcm")
    seg.SegmentSequence[1].SegmentAlgorithmType = "SEMIAUTOMATIC"
    seg.save_as(tmp_path / "a/mask.dcm")
    (case,) = study_cases(study_of(tmp_path, automatic_masks=False))
    assert isinstance(case, SourceCase)


def test_two_masks_of_one_series(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series())
    draw_mask(tmp_path / "a/Doe1", "nii.gz", series)
    draw_mask(tmp_path / "a/Doe2", "BINARY", series)
    (rejected,) = surveyed(tmp_path)
    assert isinstance(rejected, Rejected)
    assert "2 masks were drawn on it and more than one shows humerus, glenoid" in rejected.reason
    assert rejected.source.count("sha256:") == 2
    assert "Doe" not in rejected.reason + rejected.source


@pytest.mark.parametrize(("first", "second"), [("nii.gz", "nrrd"), ("mha", "BINARY")])
def test_a_mask_for_each_structure(tmp_path: Path, first: str, second: str) -> None:
    """As many tools save them: one file a structure, and the same value in each."""
    series = writing.write(tmp_path / "a", writing.series())
    drawn = drawn_bones()
    bones = {value: (drawn == value).astype(np.uint8) for value in (1, 2)}
    write_label_map(tmp_path / f"a/Humerus.{first}", bones[1], series_grid())
    if second == "BINARY":
        path = tmp_path / "a/glenoid.dcm"
        write_dicom_seg(path, bones[2] * 2, series_grid(), series, options=SegOptions("BINARY"))
    else:
        write_label_map(tmp_path / f"a/glenoid.{second}", bones[2], series_grid())
    (case,), rejected = outcomes(tmp_path)
    assert rejected == []
    np.testing.assert_array_equal(case.load().label_map, drawn)
    assert case.source.count("sha256:") == 2
    assert {path.stem.split(".")[0] for path in case.files[:2]} == {"Humerus", "glenoid"}


def test_a_number_is_no_name_of_a_file(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    write_label_map(tmp_path / "a/2.nii.gz", (drawn_bones() == 1).astype(np.uint8), series_grid())
    (case,), _ = outcomes(tmp_path)
    np.testing.assert_array_equal(case.load().label_map, (drawn_bones() == 1).astype(np.uint8))


def test_names_of_segments(tmp_path: Path) -> None:
    series = writing.write(tmp_path / "a", writing.series(0))
    seg, path = drawn_bones(), tmp_path / "a/mask.seg.nrrd"
    # The names count, not the values; capitals do not.
    labels = describe_labels({"GLENOID": 1, "Bone  A": 2})
    write_seg_nrrd(path, seg, series_grid(), labels)
    (case,) = outcomes(tmp_path)[0]
    np.testing.assert_array_equal(case.load().label_map, np.array([0, 2, 1])[seg])
    write_seg_nrrd(path, seg, series_grid(), describe_labels({"Clavicle": 1, "glenoid": 2}))
    (case,) = outcomes(tmp_path)[0]
    np.testing.assert_array_equal(case.load().label_map, np.array([0, 0, 2])[seg])
    path.unlink()
    for names, fault, said in (
        ({"Cuff": 1, "glenoid": 2}, True, "it holds 'Cuff', expected humerus, glenoid"),
        ({"Clavicle": 1, "clavicle": 2}, False, "a mask without any of humerus, glenoid"),
    ):
        drawn = {name.strip(): value for name, value in names.items()}
        write_dicom_seg(
            tmp_path / "a/s.dcm", seg, series_grid(), series, labels=describe_labels(drawn)
        )
        rejected = outcomes(tmp_path)[1][0]
        assert rejected.fault is fault
        assert said in rejected.reason


def test_a_conversion_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(3):
        writing.write(tmp_path / f"in/{seed}", of_patient(writing.series(seed), seed))
        draw_mask(tmp_path / f"in/{seed}/mask", "nii.gz", [])
    decoded: list[str] = []

    def watched(stack: Stack) -> Volume:
        decoded.append(stack.slices[0].text("SeriesNumber"))
        if len(decoded) == 3:
            raise KeyboardInterrupt
        return read_stack(stack)

    monkeypatch.setattr("shoulderseg.datasets.converters.study_load.read_stack", watched)
    study = study_of(tmp_path / "in")
    order = Order(tmp_path / "raw", DatasetSpec(7, "Shoulder"), study_settings(study), folds=3)
    with pytest.raises(KeyboardInterrupt):
        convert_cases(study_cases(study), order)
    report = convert_cases(study_cases(study), order)
    assert decoded == ["5", "6", "7", "7"]
    assert (report.training_patients, report.rejected) == (3, ())


def test_voxels_beside_their_header(tmp_path: Path) -> None:
    writing.write(tmp_path / "a", writing.series())
    draw_mask(tmp_path / "a/Doe", "mhd", [])
    (case,), _ = outcomes(tmp_path)
    # Another mask in the same header makes the case again.
    assert {path.name for path in case.files} >= {"Doe.mhd", "Doe.raw"}
    (tmp_path / "a/Doe.raw").unlink()
    cases, rejected = outcomes(tmp_path)
    assert cases == []
    assert "its voxel file is missing" in rejected[0].reason
    assert "Doe" not in str([entry.reason for entry in rejected])


def test_no_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="one folder a patient"):
        study_cases(study_of(tmp_path))
