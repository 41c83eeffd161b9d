from __future__ import annotations

from typing import TYPE_CHECKING

import nrrd
import numpy as np
import pytest

from shoulderseg.datasets.labels import describe_labels
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.seg_nrrd import write_seg_nrrd
from tests.datasets.oblique_case import (
    GLENOID,
    HUMERUS,
    centroid_mm,
    lopsided_labels,
    oblique_image,
)

if TYPE_CHECKING:
    from pathlib import Path


def test_bones_are_where_they_were(tmp_path: Path) -> None:
    image, label_map = oblique_image(), lopsided_labels()
    write_seg_nrrd(tmp_path / "a.seg.nrrd", label_map, image)
    voxels, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    assert header["space"] == "left-posterior-superior"
    assert voxels.dtype == np.uint8
    for value in (HUMERUS, GLENOID):
        middle = np.argwhere(voxels == value).mean(axis=0)
        place_mm = middle @ header["space directions"] + header["space origin"]
        np.testing.assert_allclose(place_mm, centroid_mm(label_map == value, image), atol=0.01)
    again = read_label_map(tmp_path / "a.seg.nrrd")
    np.testing.assert_array_equal(again.array, label_map)


def test_segments_are_described_under_slicers_keys(tmp_path: Path) -> None:
    write_seg_nrrd(tmp_path / "a.seg.nrrd", lopsided_labels(), oblique_image())
    _, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    humerus, glenoid = describe_labels()
    assert header["Segment0_Name"] == "humerus"
    assert header["Segment1_Name"] == "glenoid"
    assert header["Segment0_ID"] != header["Segment1_ID"]
    assert (header["Segment0_LabelValue"], header["Segment1_LabelValue"]) == ("1", "2")
    assert (header["Segment0_Layer"], header["Segment1_Layer"]) == ("0", "0")
    # First and last voxel along x, y and z.
    assert header["Segment0_Extent"] == "8 30 5 19 0 3"
    assert header["Segment1_Extent"] == "36 41 24 39 0 2"
    for number, label in enumerate((humerus, glenoid)):
        shares = np.array(header[f"Segment{number}_Color"].split(), float)
        np.testing.assert_array_equal(np.rint(shares * 255), label.colour)
    assert header["Segment0_Tags"] == (
        "TerminologyEntry:Segmentation category and type - 3D Slicer General Anatomy list"
        "~SCT^123037004^Anatomical Structure~SCT^85050009^Humerus~^^"
        "~Anatomic codes - DICOM master list~^^~^^|"
    )
    assert header["Segmentation_ContainedRepresentationNames"] == "Binary labelmap|"


def test_an_empty_bone_is_an_empty_segment(tmp_path: Path) -> None:
    label_map = lopsided_labels()
    label_map[label_map == GLENOID] = 0
    write_seg_nrrd(tmp_path / "a.seg.nrrd", label_map, oblique_image())
    _, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    assert header["Segment0_Extent"] == "8 30 5 19 0 3"
    assert header["Segment1_Extent"] == "0 -1 0 -1 0 -1"


def test_a_name_cannot_add_lines_to_the_header(tmp_path: Path) -> None:
    labels = describe_labels({"humerus\n\nSegment9_Name:=x": 1, "glenoid": 2})
    write_seg_nrrd(tmp_path / "a.seg.nrrd", lopsided_labels(), oblique_image(), labels)
    voxels, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    assert "Segment9_Name" not in header
    assert header["Segment0_Name"] == "humerus Segment9_Name:=x"
    assert np.count_nonzero(voxels) == np.count_nonzero(lopsided_labels())


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    image, label_map = oblique_image(), lopsided_labels()
    with pytest.raises(ValueError, match=r"expected the suffix \.seg\.nrrd"):
        write_seg_nrrd(tmp_path / "a.nrrd", label_map, image)
    with pytest.raises(ValueError, match="expected uint8 of shape"):
        write_seg_nrrd(tmp_path / "a.seg.nrrd", label_map[1:], image)
    with pytest.raises(ValueError, match="Label map is int64"):
        write_seg_nrrd(tmp_path / "a.seg.nrrd", label_map.astype(np.int64), image)
    assert not list(tmp_path.iterdir())
