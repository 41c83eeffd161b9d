"""Which series are used, skipped and refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.errors import UnreadableVolumeError

from .findings import found, only, refusal
from .writing import (
    ACROSS,
    ALONG_ROW,
    COLUMN_MM,
    DOWN,
    ORIGIN_MM,
    ROW_MM,
    STEP_MM,
    changed,
    series,
    write,
)

if TYPE_CHECKING:
    from pydicom import Dataset


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


@pytest.mark.parametrize(
    "tags",
    [{"RepetitionTime": 600, "EchoTime": 12}, {"RepetitionTime": 5000}, {"EchoTime": 70}],
)
def test_a_derived_image_of_another_contrast_has_no_original_here(
    tmp_path: Path, tags: dict[str, Any]
) -> None:
    """A vendor's reconstruction of a T1, beside an original PD of the same plane."""
    write(tmp_path, series(seed=1))
    write(tmp_path, series(ImageType=["DERIVED", "PRIMARY", "M"], **tags), "b")
    assert [one.verdict for one in found(tmp_path)] == ["use", "use"]


def test_a_derived_image_of_places_without_an_original_is_used(tmp_path: Path) -> None:
    write(tmp_path, series(seed=1)[:4])
    write(tmp_path, series(ImageType=["DERIVED", "PRIMARY", "M"]), "b")
    assert [one.verdict for one in found(tmp_path)] == ["use", "use"]


def test_a_reformat_in_the_plane_of_its_original_is_skipped(tmp_path: Path) -> None:
    """Slices twice as thick at other places."""
    thick = series(ImageType=["DERIVED", "SECONDARY", "M"], SliceThickness=6)[:3]
    for index, item in enumerate(thick):
        place = ORIGIN_MM + (2 * index + 0.5) * STEP_MM * ACROSS
        item.dataset.ImagePositionPatient = [*place.round(9)]
        item.dataset.SpacingBetweenSlices = 2 * STEP_MM
    write(tmp_path, series(seed=1))
    write(tmp_path, thick, "b")
    assert [one.verdict for one in found(tmp_path)] == ["skip", "use"]


@pytest.mark.parametrize("value", [0, -1])
def test_a_time_of_zero_states_nothing(tmp_path: Path, value: int) -> None:
    write(tmp_path, series(seed=1))
    write(tmp_path, series(ImageType=["DERIVED", "PRIMARY", "M"], EchoTime=value), "b")
    assert [one.verdict for one in found(tmp_path)] == ["skip", "use"]


def test_a_derived_image_beside_others_of_its_plane_says_so(tmp_path: Path) -> None:
    write(tmp_path, series(ImageType=["DERIVED", "PRIMARY", "M"], EchoTime=70), "b")
    assert only(tmp_path).notes == ("marked as derived from other images, which are not here",)
    write(tmp_path, series(seed=1))
    derived, original = found(tmp_path)
    assert "an original of its plane is used, too" in " ".join(derived.notes)
    assert original.notes == ()


def test_a_subtraction_is_no_image_even_where_its_original_is_refused(tmp_path: Path) -> None:
    original = series(seed=1)
    del original[3]
    write(tmp_path, original)
    write(tmp_path, series(ImageType=["DERIVED", "PRIMARY", "M", "SUB"]), "b")
    assert [one.verdict for one in found(tmp_path)] == ["skip", "refuse"]


def test_a_derived_image_is_used_where_its_original_is_refused(tmp_path: Path) -> None:
    original = series(seed=1)
    del original[3]
    write(tmp_path / "gap", original)
    write(tmp_path / "gap", series(ImageType=["DERIVED", "PRIMARY", "M"]), "b")
    assert [one.verdict for one in found(tmp_path / "gap")] == ["use", "refuse"]
    *_, last = write(tmp_path / "cut" / "1", series(seed=1))
    write(tmp_path / "cut" / "2", series(ImageType=["DERIVED", "PRIMARY", "M"]), "b")
    assert [one.verdict for one in found(tmp_path / "cut")] == ["skip", "use"]
    last.write_bytes(last.read_bytes()[:300])
    assert [one.verdict for one in found(tmp_path / "cut")] == ["use", "refuse"]


def test_a_derived_image_of_finer_pixels_has_its_original_here(tmp_path: Path) -> None:
    fine = series(ImageType=["DERIVED", "PRIMARY", "M"], EchoTime=30.2)
    for item in fine:
        item.pixels = np.kron(item.pixels, np.ones((2, 2), item.pixels.dtype))
        item.dataset.Rows, item.dataset.Columns = item.pixels.shape
        item.dataset.PixelSpacing = [ROW_MM / 2, COLUMN_MM / 2]
    write(tmp_path, series(seed=1))
    write(tmp_path, fine, "b")
    assert [one.verdict for one in found(tmp_path)] == ["skip", "use"]


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


def test_single_slices_take_the_stated_thickness(tmp_path: Path) -> None:
    write(tmp_path, series()[:1])
    one = only(tmp_path)
    assert one.stack is not None
    assert one.stack.spacing_mm == pytest.approx((STEP_MM, ROW_MM, COLUMN_MM))
    assert "a single slice" in one.notes


@pytest.mark.parametrize("kind", ["T1 MAP", "MEAN", "FA", "TTP", "TRACEW", "EXP", "PEI", "M_SUB"])
def test_words_of_maps_count_for_derived_images_alone(tmp_path: Path, kind: str) -> None:
    """A scanner of 0.25 T writes ORIGINAL, PRIMARY, T1 MAP on every ordinary image."""
    write(tmp_path / "own", series(ImageType=["ORIGINAL", "PRIMARY", kind]))
    assert only(tmp_path / "own").verdict == "use"
    write(tmp_path / "made", series(ImageType=["DERIVED", "PRIMARY", kind]))
    assert only(tmp_path / "made").verdict == "skip"
