"""Folders of DICOM files with the faults that scanners, archives and people put into them."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import generate_uid

from shoulderseg.datasets.dicom.description import find_side
from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.grouping import group_slices
from shoulderseg.datasets.dicom.header import read_header
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.dicom.verdict import judge
from shoulderseg.datasets.errors import UnreadableVolumeError

from .writing import (
    ACROSS,
    ALONG_ROW,
    COLUMN_MM,
    COLUMNS,
    COUNT,
    DOWN,
    ORIGIN_MM,
    ROW_MM,
    ROWS,
    STEP_MM,
    Slice,
    changed,
    series,
    voxels,
    write,
)

if TYPE_CHECKING:
    from pydicom import Dataset

    from shoulderseg.datasets.dicom.verdict import Series


def found(folder: Path) -> list[Series]:
    return list(read_folder(folder).series)


def only(folder: Path) -> Series:
    (one,) = found(folder)
    return one


def refusal(folder: Path) -> str:
    one = only(folder)
    assert one.verdict == "refuse"
    assert one.stack is None
    return one.reason


def used(series_: Series) -> np.ndarray[Any, Any]:
    assert series_.verdict == "use", series_.reason
    assert series_.stack is not None
    return read_stack(series_.stack).array


def test_every_voxel_has_its_value_and_its_place(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "er", series())
    one = only(tmp_path)
    assert one.stack is not None
    volume = read_stack(one.stack)
    np.testing.assert_array_equal(volume.array, voxels())
    assert volume.spacing_mm == pytest.approx((STEP_MM, ROW_MM, COLUMN_MM))
    axes = np.reshape(volume.direction, (3, 3))
    np.testing.assert_allclose(axes, np.stack([ALONG_ROW, DOWN, ACROSS], axis=1), atol=1e-6)
    index = np.array([20, 5, 4])
    place = np.array(volume.origin_mm) + axes @ (index * volume.spacing_mm[::-1])
    wanted = ORIGIN_MM + 20 * COLUMN_MM * ALONG_ROW + 5 * ROW_MM * DOWN + 4 * STEP_MM * ACROSS
    np.testing.assert_allclose(place, wanted, atol=1e-6)
    assert [header.path.name for header in one.stack.slices] == [
        f"a{(5 * k) % 97:02d}_{k}.dcm" for k in range(COUNT)
    ]


@settings(max_examples=15)
@given(order=st.permutations(range(COUNT)), numbers=st.permutations(range(1, COUNT + 1)))
def test_neither_names_nor_instance_numbers_matter(
    order: list[int], numbers: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("shuffled")
    slices = series()
    for item, number in zip(slices, numbers, strict=True):
        item.dataset.InstanceNumber = number
    write(folder, [slices[k] for k in order])
    np.testing.assert_array_equal(used(only(folder)), voxels())


def test_series_that_run_backwards_are_the_same_volume(tmp_path: Path) -> None:
    # Positions along the normal decide, whatever the order of acquisition.
    slices = series()
    for number, item in enumerate(reversed(slices), start=1):
        item.dataset.InstanceNumber = number
    write(tmp_path, slices[::-1])
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_a_missing_slice_is_named(tmp_path: Path) -> None:
    slices = series()
    del slices[3]
    write(tmp_path, slices)
    assert "1 slice missing after slice 3 of 6" in refusal(tmp_path)
    assert "6.6 mm, the others are 3.3 mm" in refusal(tmp_path)


def test_a_missing_first_slice_is_a_note(tmp_path: Path) -> None:
    write(tmp_path, series()[1:])
    one = only(tmp_path)
    assert used(one).shape == (COUNT - 1, ROWS, COLUMNS)
    assert any("begin with 2" in note for note in one.notes)


def test_the_same_slice_twice_counts_once(tmp_path: Path) -> None:
    write(tmp_path / "one", series())
    write(tmp_path / "two", series()[2:4], "b")
    one = only(tmp_path)
    np.testing.assert_array_equal(used(one), voxels())
    assert "2 slices twice; each counts once" in one.notes


def test_another_image_at_the_same_place_is_refused(tmp_path: Path) -> None:
    write(tmp_path, series())
    other = series()[2:3]
    other[0].pixels = other[0].pixels + 1
    write(tmp_path, other, "b")
    stack = only(tmp_path).stack
    assert stack is not None
    with pytest.raises(
        UnreadableVolumeError, match=r"^slice 3 of 7: another image lies at the same place"
    ):
        read_stack(stack)


def test_two_series_are_two_volumes(tmp_path: Path) -> None:
    write(tmp_path, series() + series(seed=1))
    first, second = found(tmp_path)
    np.testing.assert_array_equal(used(first), voxels())
    np.testing.assert_array_equal(used(second), voxels(1))
    assert first.name.startswith("series_5_")
    assert second.name.startswith("series_6_")


@pytest.mark.parametrize(
    "tags",
    [
        {"EchoNumbers": 2, "EchoTime": 60},
        {"EchoTime": 60},
        {"ImageType": ["ORIGINAL", "PRIMARY", "W"]},
        {"TemporalPositionIdentifier": 2},
    ],
)
def test_what_one_series_mixes_is_parted(tmp_path: Path, tags: dict[str, Any]) -> None:
    other = series(**tags)
    for item in other:
        item.pixels = item.pixels + 7
        item.dataset.SOPInstanceUID = generate_uid()
    write(tmp_path, series())
    write(tmp_path, other, "b")
    arrays = [used(one) for one in found(tmp_path)]
    assert len(arrays) == 2
    wanted = [voxels(), voxels() + 7]
    assert any(
        all(np.array_equal(a, b) for a, b in zip(order, wanted, strict=True))
        for order in (arrays, arrays[::-1])
    )
    names = [one.name for one in found(tmp_path)]
    assert [name[-2:] for name in names] == ["_1", "_2"]


def test_mixed_matrices_are_parted(tmp_path: Path) -> None:
    small = series()
    for item in small:
        item.pixels = np.ascontiguousarray(item.pixels[:20])
        item.dataset.Rows = 20
    write(tmp_path, series())
    write(tmp_path, small, "b")
    assert {used(one).shape for one in found(tmp_path)} == {
        (COUNT, ROWS, COLUMNS),
        (COUNT, 20, COLUMNS),
    }


def test_the_planes_of_a_scout_are_skipped(tmp_path: Path) -> None:
    for number, (first, second) in enumerate(
        [(ALONG_ROW, DOWN), (DOWN, ACROSS), (ACROSS, ALONG_ROW)]
    ):
        plane = series()[:3]
        for index, item in enumerate(plane):
            item.dataset.ImageOrientationPatient = [*first.round(9), *second.round(9)]
            centre = index * 10 * np.cross(first, second)
            item.dataset.ImagePositionPatient = [*centre.round(6)]
        write(tmp_path, plane, "abc"[number])
    assert [one.verdict for one in found(tmp_path)] == ["skip"] * 3
    assert "localizer: 3 planes in one series" in found(tmp_path)[0].reason


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
        ({"SeriesDescription": "3-plane Localizer"}, "localizer"),
        ({"ImageType": ["DERIVED", "SECONDARY", "MPR"]}, r"derived image \(MPR\)"),
        ({"ImageType": ["DERIVED", "PRIMARY", "PROJECTION IMAGE"]}, "derived image"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P"]}, "phase, real or imaginary"),
    ],
)
def test_what_is_no_image_to_segment_is_skipped(
    tmp_path: Path, tags: dict[str, Any], reason: str
) -> None:
    write(tmp_path, series(**tags))
    one = only(tmp_path)
    assert one.verdict == "skip"
    assert re.search(reason, one.reason)


def test_derived_images_are_used_only_where_no_original_is(tmp_path: Path) -> None:
    derived: dict[str, Any] = {"ImageType": ["DERIVED", "SECONDARY", "M"]}
    write(tmp_path / "alone", series(**derived))
    one = only(tmp_path / "alone")
    assert one.verdict == "use"
    assert any("derived" in note for note in one.notes)
    write(tmp_path, series(seed=1))
    assert sorted(one.verdict for one in found(tmp_path)) == ["skip", "use"]


def set_tag(name: str, value: object) -> Any:  # noqa: ANN401
    def change(dataset: Dataset, _: int) -> None:
        if value is None:
            delattr(dataset, name)
        else:
            setattr(dataset, name, value)

    return change


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ImagePositionPatient", None, "ImagePositionPatient is missing"),
        ("ImageOrientationPatient", None, "ImageOrientationPatient is missing"),
        ("PixelSpacing", None, "PixelSpacing is missing"),
        ("PixelSpacing", [0, 0.5], "PixelSpacing is 0 and 0.5"),
        ("PixelSpacing", [0.5, -0.5], "PixelSpacing is 0.5 and -0.5"),
        ("PixelSpacing", [0.5], "must hold 2 finite numbers"),
        ("ImageOrientationPatient", [1, 0, 0, 0.5, 1, 0], "two perpendicular unit vectors"),
        ("ImageOrientationPatient", [0, 0, 0, 0, 0, 0], "two perpendicular unit vectors"),
        ("BitsStored", 17, "BitsAllocated is 16 and BitsStored 17"),
        ("BitsAllocated", 12, "BitsAllocated is 12"),
        ("HighBit", 3, "HighBit is 3"),
        ("PixelRepresentation", None, "PixelRepresentation is None, expected 0 or 1"),
        ("PhotometricInterpretation", "PALETTE COLOR", "is PALETTE COLOR, expected MONOCHROME1"),
        ("Rows", 60000, "Rows x Columns is 60000 x 32"),
        ("SamplesPerPixel", 3, "colour DICOM"),
        ("NumberOfFrames", 4, "multi-frame .* dcm2niix"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "M", "MOSAIC"], "mosaic.*dcm2niix"),
    ],
)
def test_a_wrong_claim_is_refused_file_by_file(
    tmp_path: Path, name: str, value: object, reason: str
) -> None:
    write(tmp_path, changed(series(), set_tag(name, value)))
    findings = read_folder(tmp_path)
    assert findings.series == ()
    assert len(findings.files) == COUNT
    for finding in findings.files:
        assert finding.refused
        assert re.search(reason, finding.reason), finding.reason


@pytest.mark.parametrize(
    ("modality", "kind", "reason"),
    [
        ("CT", "1.2.840.10008.5.1.4.1.1.2", "modality is CT"),
        ("SR", "1.2.840.10008.5.1.4.1.1.88.11", "modality is SR"),
        ("MR", "1.2.840.10008.5.1.4.1.1.7", "secondary capture"),
    ],
)
def test_other_kinds_are_skipped(tmp_path: Path, modality: str, kind: str, reason: str) -> None:
    def change(dataset: Dataset, _: int) -> None:
        dataset.Modality, dataset.SOPClassUID = modality, kind

    write(tmp_path, changed(series(), change))
    findings = read_folder(tmp_path)
    assert findings.series == ()
    assert {finding.refused for finding in findings.files} == {False}
    assert reason in findings.files[0].reason


def test_a_skewed_stack_is_refused_with_its_angle(tmp_path: Path) -> None:
    def shift(dataset: Dataset, index: int) -> None:
        aside = np.tan(np.radians(10)) * index * STEP_MM * DOWN
        place = ORIGIN_MM + index * STEP_MM * ACROSS + aside
        dataset.ImagePositionPatient = [*place.round(9)]

    write(tmp_path, changed(series(), shift))
    assert "skewed stack: its slices are shifted by 10.0 degrees" in refusal(tmp_path)


def test_a_slice_out_of_line_is_refused(tmp_path: Path) -> None:
    slices = series()
    place = ORIGIN_MM + 3 * STEP_MM * ACROSS + 2.0 * DOWN
    slices[3].dataset.ImagePositionPatient = [*place.round(9)]
    write(tmp_path, slices)
    assert "slice 4 of 7 lies 2 mm beside the others" in refusal(tmp_path)


def test_uneven_steps_are_refused(tmp_path: Path) -> None:
    slices = series()
    place = ORIGIN_MM + 3.3 * STEP_MM * ACROSS
    slices[3].dataset.ImagePositionPatient = [*place.round(9)]
    write(tmp_path, slices)
    assert "unevenly spaced: steps of 2.31 to 4.29 mm" in refusal(tmp_path)


@pytest.mark.parametrize(("jitter", "verdict"), [(1e-6, "use"), (1e-4, "use"), (1e-2, "refuse")])
def test_axes_may_jitter_by_rounding_only(tmp_path: Path, jitter: float, verdict: str) -> None:
    def turn(dataset: Dataset, index: int) -> None:
        angle = jitter * (-1) ** index
        rows = np.cos(angle) * ALONG_ROW + np.sin(angle) * DOWN
        down = np.cos(angle) * DOWN - np.sin(angle) * ALONG_ROW
        dataset.ImageOrientationPatient = [*rows.round(12), *down.round(12)]

    write(tmp_path, changed(series(), turn))
    one = only(tmp_path)
    assert one.verdict == verdict, one.reason
    if verdict == "use":
        assert one.stack is not None
        axes = np.reshape(one.stack.direction, (3, 3))
        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    ("stated", "words"),
    [
        (6.6, "2 stacks seem to be mixed"),
        (1.1, "only one of 3 slices seems to be here"),
        (1.65, "only one of 2 slices seems to be here"),
    ],
)
def test_a_spacing_that_is_a_multiple_is_no_rounding(
    tmp_path: Path, stated: float, words: str
) -> None:
    write(tmp_path, series(SpacingBetweenSlices=stated))
    assert words in refusal(tmp_path)


def test_a_gap_that_is_stated_as_spacing_is_no_contradiction(tmp_path: Path) -> None:
    write(tmp_path, series(SpacingBetweenSlices=1.1, SliceThickness=2.2))
    assert only(tmp_path).verdict == "use"


def test_every_other_slice_is_not_taken_for_a_thick_stack(tmp_path: Path) -> None:
    write(tmp_path, series()[::2])
    assert "only one of 2 slices seems to be here" in refusal(tmp_path)


def test_two_runs_half_a_step_apart_are_not_one_stack(tmp_path: Path) -> None:
    def shift(dataset: Dataset, index: int) -> None:
        place = ORIGIN_MM + (index + 0.5) * STEP_MM * ACROSS
        dataset.ImagePositionPatient = [*place.round(9)]
        dataset.SOPInstanceUID = generate_uid()

    write(tmp_path, series())
    write(tmp_path, changed(series(), shift), "b")
    assert "2 stacks seem to be mixed" in refusal(tmp_path)


def test_stacks_side_by_side_are_refused(tmp_path: Path) -> None:
    def aside(dataset: Dataset, index: int) -> None:
        place = ORIGIN_MM + index * STEP_MM * ACROSS + 250 * ALONG_ROW
        dataset.ImagePositionPatient = [*place.round(9)]

    write(tmp_path, series())
    write(tmp_path, changed(series(), aside), "b")
    assert "two stacks in one series" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("EchoTime", [30, 30.01] * 4),
        ("EchoTime", [30] * 4 + [31] * 3),
        ("PixelSpacing", [[ROW_MM, COLUMN_MM], [ROW_MM, COLUMN_MM + 1e-6]] * 4),
        ("TemporalPositionIdentifier", list(range(1, 9))),
        ("EchoNumbers", [1, 1, 1, 7, 1, 1, 1]),
        ("ImageType", [["ORIGINAL", "PRIMARY", "M"]] * 6 + [["ORIGINAL", "PRIMARY", "OTHER"]]),
    ],
)
def test_what_differs_from_slice_to_slice_parts_no_volume(
    tmp_path: Path, name: str, values: list[Any]
) -> None:
    write(tmp_path, changed(series(), lambda dataset, k: setattr(dataset, name, values[k])))
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


@pytest.mark.parametrize("tag", ["PatientID", "StudyInstanceUID"])
def test_patients_with_one_series_number_are_not_mixed(tmp_path: Path, tag: str) -> None:
    def other(dataset: Dataset, index: int) -> None:
        place = ORIGIN_MM + (index + COUNT) * STEP_MM * ACROSS
        dataset.ImagePositionPatient = [*place.round(9)]
        setattr(dataset, tag, "1.2.3")

    write(tmp_path, series())
    write(tmp_path, changed(series(), other), "b")
    assert [used(one).shape for one in found(tmp_path)] == [voxels().shape] * 2


@pytest.mark.parametrize(
    ("tag", "kind", "data"),
    [
        (b"\x20\x00\x11\x00", b"IS", b"--5 "),
        (b"\x20\x00\x11\x00", b"IS", b"1e400 "),
        (b"\x20\x00\x11\x00", b"US", b"abc "),
        (b"\x20\x00\x13\x00", b"IS", b"9" * 5000),
        (b"\x08\x00\x3e\x10", b"DS", b"no number "),
    ],
)
def test_an_odd_tag_spoils_nothing(tmp_path: Path, tag: bytes, kind: bytes, data: bytes) -> None:
    paths = write(tmp_path, series())
    whole = paths[1].read_bytes()
    place = whole.index(tag + b"IS" if tag[0] == 0x20 else tag)
    length = int.from_bytes(whole[place + 6 : place + 8], "little")
    odd = tag + kind + len(data).to_bytes(2, "little") + data
    paths[1].write_bytes(whole[:place] + odd + whole[place + 8 + length :])
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_what_pydicom_says_of_a_value_is_not_passed_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = write(tmp_path, series()[:1])
    path.write_bytes(path.read_bytes().replace(b"0.6\\0.5 ", b"Doe\\Jan "))
    (finding,) = read_folder(tmp_path).files
    assert finding.reason == "DICOM header is damaged. Export it again."
    assert not caplog.records


def test_dixon_images_marked_as_derived_are_used(tmp_path: Path) -> None:
    localizer: dict[str, Any] = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    write(tmp_path, series(seed=1, **localizer))
    write(tmp_path, series(ImageType=["DERIVED", "PRIMARY", "DIXON", "WATER"]), "b")
    assert {one.verdict for one in found(tmp_path)} == {"skip", "use"}
    write(tmp_path, series(seed=2, ImageType=["DERIVED", "PRIMARY", "M"]), "c")
    # A scout is no original of it.
    assert sorted(one.verdict for one in found(tmp_path)) == ["skip", "use", "use"]


@pytest.mark.parametrize("words", ["3 PLANE LOC", "t1_fl2d_loc 3pl", "localiser", "Scout"])
def test_localizers_are_told_by_their_names(tmp_path: Path, words: str) -> None:
    write(tmp_path, series(SeriesDescription=words))
    assert only(tmp_path).reason == "localizer"


@pytest.mark.parametrize("words", ["pd_tse_cor (no scout)", "location", "block"])
def test_other_words_make_no_localizer(tmp_path: Path, words: str) -> None:
    write(tmp_path, series(SeriesDescription=words))
    assert only(tmp_path).verdict == "use"


@pytest.mark.parametrize(
    ("tags", "side"),
    [
        ({"Laterality": "R"}, ("right", "Laterality")),
        ({"SeriesDescription": "pd fs cor left shoulder"}, ("left", "SeriesDescription")),
        ({"BodyPartExamined": "RT SHOULDER"}, ("right", "BodyPartExamined")),
        ({"SeriesDescription": "Schulter li pd"}, ("left", "SeriesDescription")),
        ({"SeriesDescription": "pd tse re-scan"}, ("unknown", "no tag says it")),
        ({"SeriesDescription": "T2 TSE RT"}, ("unknown", "no tag says it")),
        (
            {"Laterality": "R", "SeriesDescription": "LEFT SHOULDER"},
            ("unknown", "Laterality and SeriesDescription contradict each other"),
        ),
    ],
)
def test_the_side_is_read_and_never_guessed(
    tmp_path: Path, tags: dict[str, Any], side: tuple[str, str]
) -> None:
    write(tmp_path, series(**tags))
    assert find_side(only(tmp_path).slices[0]) == side


def test_the_work_on_many_series_grows_with_their_number_alone(tmp_path: Path) -> None:
    (path,) = write(tmp_path, series()[:1])
    header = read_header(path)

    def calls(number: int) -> int:
        """Function calls that judging this many series takes: on a busy machine no more."""
        many = [
            replace(
                header,
                texts={**header.texts, "SeriesInstanceUID": f"1.{k // 2}", "EchoTime": str(k)},
            )
            for k in range(number)
        ]
        counted = Counter[str]()
        before = sys.getprofile()
        sys.setprofile(lambda _frame, event, _argument: counted.update([event]))
        try:
            judged = judge(group_slices(many))
        finally:
            sys.setprofile(before)
        assert len(judged) == number
        return counted.total()

    calls(2)
    assert calls(600) < 3.1 * calls(200)


@pytest.mark.parametrize("stated", [0.3, 3.0])
def test_positions_win_over_the_stated_spacing(tmp_path: Path, stated: float) -> None:
    write(tmp_path, series(SpacingBetweenSlices=stated))
    one = only(tmp_path)
    assert one.stack is not None
    assert one.stack.spacing_mm[0] == pytest.approx(STEP_MM)
    assert any(f"{stated:g} mm by the header" in note for note in one.notes)


def test_each_slice_has_its_own_rescale_slope(tmp_path: Path) -> None:
    def rescale(dataset: Dataset, index: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 1 + 0.5 * index, -10 * index

    write(tmp_path, changed(series(), rescale))
    number = np.arange(COUNT)[:, None, None]
    wanted = voxels() * (1 + 0.5 * number) - 10 * number
    np.testing.assert_allclose(used(only(tmp_path)), wanted)


def test_where_small_values_are_bright_they_are_turned_round(tmp_path: Path) -> None:
    write(tmp_path, series(PhotometricInterpretation="MONOCHROME1"))
    array = used(only(tmp_path))
    total = array + voxels()
    assert total.min() == total.max()


def test_the_position_of_a_cut_off_slice_stays_known(tmp_path: Path) -> None:
    paths = write(tmp_path, series())
    whole = paths[2].read_bytes()
    paths[2].write_bytes(whole[:-100])
    assert refusal(tmp_path).startswith("image number 3: file ends early: 1436 of 1536 bytes")
    (tmp_path / "again.dcm").write_bytes(whole)
    one = only(tmp_path)
    np.testing.assert_array_equal(used(one), voxels())
    assert any(note.startswith("image number 3 left out") for note in one.notes)


@pytest.mark.parametrize("keep", [0, 100, 131, 140, 400])
def test_half_a_header_is_refused_by_name_and_the_rest_goes_on(tmp_path: Path, keep: int) -> None:
    write(tmp_path, series())
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(write(tmp_path / "other", series(seed=3)[:1])[0].read_bytes()[:keep])
    for path in (tmp_path / "other").iterdir():
        path.unlink()
    findings = read_folder(tmp_path)
    np.testing.assert_array_equal(used(findings.series[0]), voxels())
    (finding,) = findings.files
    assert finding.path == broken
    assert finding.refused or "modality" in finding.reason


def test_tiny_and_implausible_images_are_refused(tmp_path: Path) -> None:
    small = series()
    for item in small:
        item.pixels = np.ascontiguousarray(item.pixels[:8, :8])
        item.dataset.Rows = item.dataset.Columns = 8
    write(tmp_path / "small", small)
    assert "8 x 8 pixels" in refusal(tmp_path / "small")
    write(tmp_path / "metres", series(PixelSpacing=[0.0006, 0.0005]))
    assert "expected 0.1 to 3 mm" in refusal(tmp_path / "metres")


def test_no_contrast_is_refused(tmp_path: Path) -> None:
    slices = series()
    for item in slices:
        item.pixels = np.full_like(item.pixels, 3)
    write(tmp_path, slices)
    stack = only(tmp_path).stack
    assert stack is not None
    with pytest.raises(UnreadableVolumeError, match="no contrast"):
        read_stack(stack)


def test_links_hidden_files_and_indices_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "in", series())
    write(tmp_path / "outside", series(seed=1))
    folder = tmp_path / "in"
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    (folder / "out.dcm").symlink_to(next((tmp_path / "outside").iterdir()))
    (folder / "._a00_0.dcm").write_bytes(b"resource fork")
    (folder / "DICOMDIR").write_bytes(bytes(128) + b"DICM../../outside")
    (folder / "note.txt").write_text("x")
    findings = read_folder(folder)
    np.testing.assert_array_equal(used(findings.series[0]), voxels())
    assert findings.files == ()
    assert {path.name for path in findings.others} == {"DICOMDIR", "note.txt"}


def test_a_folder_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, series())
    (tmp_path / "closed").mkdir()
    real = os.scandir

    def scandir(path: Any) -> Any:  # noqa: ANN401
        # The tests may run as a user to whom nothing is closed.
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    findings = read_folder(tmp_path)
    np.testing.assert_array_equal(used(findings.series[0]), voxels())
    (finding,) = findings.files
    assert (finding.path.name, finding.refused) == ("closed", True)
    assert "Permission denied" in finding.reason


def test_names_of_any_kind_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "Übung $;| <b>"
    paths = write(folder, series())
    os.rename(os.fsencode(paths[0]), os.fsencode(folder) + b"/\xff\xfe odd")  # noqa: PTH104
    np.testing.assert_array_equal(used(only(tmp_path)), voxels())


def test_no_name_tells_the_patient(tmp_path: Path) -> None:
    write(tmp_path, series())
    one = only(tmp_path)
    for private in ("doe", "jane", "123456"):
        assert private not in one.name.lower()
        assert private not in repr(one.notes).lower()


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("Müller^Jörg", "4711", "Mueller"),
        ("Müller^Jörg", "4711", "MULLER_J"),
        ("Müller^Jörg", "4711", unicodedata.normalize("NFD", "müller")),
        (unicodedata.normalize("NFD", "Müller^Jörg"), "4711", "JOERG_1"),
        ("MUELLER^JOERG", "4711", "Müller"),
        ("Großmann^A", "4711", "grossmann"),
        ("Sørensen^A", "4711", "soerensen"),
        ("McDonald^A", "4711", "Mc_Donald"),
        ("YILDIZ^A", "4711", "y\u0131ld\u0131z"),
        ("Ng^Li", "4711", "Ng_1"),
        ("X", "00-4711-998", "004711998"),
        ("X", "00-4711-998", "4711 998"),
        ("X", "4711998", "IM_0004711998"),
        ("X", "A12", "a12"),
    ],
)
def test_a_patient_is_known_in_other_spellings(
    tmp_path: Path, name: str, number: str, words: str
) -> None:
    tags: dict[str, Any] = {"SpecificCharacterSet": "ISO_IR 192"}
    write(tmp_path, series(**tags, PatientName=name, PatientID=number)[:1])
    assert only(tmp_path).slices[0].names_patient(words)


@pytest.mark.parametrize(
    ("name", "number", "words"),
    [
        ("Müller^Jörg", "4711", "pd tse fs cor 471"),
        ("CompressedSamples^MR1", "4MR1", "MR_small"),
        ("Doe1^Jane2", "", "doe jane"),
        ("Ng^Li", "", "n_g l_i"),
        ("X", "12", "IM12"),
        ("", "", "anything"),
        ("X", "0000", "series"),
        ("X", "001", "IM_1"),
    ],
)
def test_other_words_are_no_patients(tmp_path: Path, name: str, number: str, words: str) -> None:
    tags: dict[str, Any] = {"SpecificCharacterSet": "ISO_IR 192"}
    write(tmp_path, series(**tags, PatientName=name, PatientID=number)[:1])
    assert not only(tmp_path).slices[0].names_patient(words)


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    findings = read_folder(tmp_path)
    assert (findings.series, findings.files, findings.others) == ((), (), ())
    with pytest.raises(FileNotFoundError, match="no such file or folder"):
        read_folder(tmp_path / "absent")


def test_single_slices_take_the_stated_thickness(tmp_path: Path) -> None:
    write(tmp_path, series()[:1])
    one = only(tmp_path)
    assert one.stack is not None
    assert one.stack.spacing_mm == pytest.approx((STEP_MM, ROW_MM, COLUMN_MM))
    assert "a single slice" in one.notes


COMPRESSED = {
    "MR_small.dcm": "1.2.840.10008.1.2.1",
    "MR_small_implicit.dcm": "1.2.840.10008.1.2",
    "MR_small_bigendian.dcm": "1.2.840.10008.1.2.2",
    "MR_small_RLE.dcm": "1.2.840.10008.1.2.5",
    "MR_small_jp2klossless.dcm": "1.2.840.10008.1.2.4.90",
    "MR_small_jpeg_ls_lossless.dcm": "1.2.840.10008.1.2.4.80",
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_compressed_pixels_are_the_same(tmp_path: Path, name: str) -> None:
    from pydicom.data import get_testdata_file

    path = Path(str(get_testdata_file(name, download=False)))
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == COMPRESSED[name]
    plain = pydicom.dcmread(str(get_testdata_file("MR_small.dcm", download=False)))
    (tmp_path / name).write_bytes(path.read_bytes())
    np.testing.assert_array_equal(used(only(tmp_path))[0], plain.pixel_array)


def test_an_unknown_transfer_syntax_is_refused_by_its_number(tmp_path: Path) -> None:
    (path,) = write(tmp_path, series()[:1])
    data = path.read_bytes()
    # Of the same length, so that the file stays whole.
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.99999.1.2.1\x00", 1))
    (finding,) = read_folder(tmp_path).files
    assert finding.refused
    assert "transfer syntax 1.2.840.99999.1.2.1 is unknown" in finding.reason


def test_slices_are_plain(tmp_path: Path) -> None:
    """The writer of these tests is itself right: pydicom reads the same."""
    (path,) = write(tmp_path, [Slice(series()[2].dataset, voxels()[2])])
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, voxels()[2])
