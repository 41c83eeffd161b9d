"""Names of segments in headers, and the values they decide."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import nibabel as nib
import nrrd
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.named_labels import read_named_labels, values_by_name
from shoulderseg.datasets.pair_match import match_files
from shoulderseg.datasets.segment_names import read_segment_names

_MAP = {1: "humerus", 2: "glenoid"}
_GRID: dict[str, Any] = {
    "space": "left-posterior-superior",
    "space directions": np.diag([0.5, 0.7, 3.0]),
    "space origin": [0.0, 0.0, 0.0],
}


def _drawn(first: int, second: int) -> npt.NDArray[np.uint8]:
    """Five rows of one value, two of another; stored as (x, y, z)."""
    array = np.zeros((6, 9, 4), np.uint8)
    array[:, :5], array[:, 6:8] = first, second
    return array


def _nrrd(path: Path, array: npt.NDArray[np.uint8], names: dict[int, str]) -> Path:
    fields = {
        f"Segment{number}_{key}": text
        for number, (value, name) in enumerate(names.items())
        for key, text in (("ID", f"S_{number}"), ("Name", name), ("LabelValue", str(value)))
    }
    nrrd.write(str(path), array, _GRID | fields)
    return path


def _nifti(path: Path, array: npt.NDArray[np.uint8], names: dict[int, str]) -> Path:
    """The extension as TotalSegmentator writes it."""
    entries = "".join(
        f'<Label Key="{value}" Red="1" Alpha="1"><![CDATA[{name}]]></Label>'
        for value, name in names.items()
    )
    xml = (
        f'<?xml version="1.0"?><CaretExtension><LabelTable>{entries}</LabelTable></CaretExtension>'
    )
    image = nib.Nifti1Image(array, np.diag([0.5, 0.7, 3.0, 1.0]))
    image.header.extensions.append(nib.nifti1.Nifti1Extension(0, xml.encode()))
    nib.save(image, path)
    return path


_FORMS = {"a.seg.nrrd": _nrrd, "a.nrrd": _nrrd, "a.nii.gz": _nifti, "a.nii": _nifti}


@pytest.mark.parametrize("name", _FORMS)
@pytest.mark.parametrize(
    ("first", "second"),
    [("humerus", "glenoid"), ("Humerus", "GLENOID"), ("  humerus ", "glenoid")],
)
def test_names_decide_whatever_the_values_are(
    tmp_path: Path, name: str, first: str, second: str
) -> None:
    expected = _drawn(1, 2).T
    for humerus, glenoid in ((1, 2), (2, 1), (7, 200), (2, 3)):
        path = _FORMS[name](
            tmp_path / name, _drawn(humerus, glenoid), {humerus: first, glenoid: second}
        )
        np.testing.assert_array_equal(read_named_labels(path, _MAP).array, expected)


@pytest.mark.parametrize("name", _FORMS)
def test_names_that_say_nothing_leave_the_values(tmp_path: Path, name: str) -> None:
    path = _FORMS[name](tmp_path / name, _drawn(1, 2), {1: "Segment_1", 2: "Label 2"})
    np.testing.assert_array_equal(read_named_labels(path, _MAP).array, _drawn(1, 2).T)
    # Another language: the map alone says what they are.
    path = _FORMS[name](tmp_path / name, _drawn(1, 2), {1: "Oberarmknochen", 2: "Pfanne"})
    np.testing.assert_array_equal(read_named_labels(path, _MAP).array, _drawn(1, 2).T)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({1: "left glenoid", 2: "left humerus"}, "calls value 1 'left glenoid'"),
        ({1: "GlenoidRight", 2: "HumerusRight"}, "calls value 1 'GlenoidRight'"),
        ({1: "glenoids_R", 2: "Humeri"}, "calls value 1 'glenoids_R'"),
        ({1: "humerus", 2: "biceps tendon"}, "calls value 2 'biceps tendon'"),
        ({1: "glenoid", 2: "Segment_2"}, "by the map value 2 is that too"),
        ({1: "glenoid"}, "by the map value 2 is that too"),
    ],
    ids=str,
)
def test_names_that_contradict_the_map_are_refused(
    tmp_path: Path, names: dict[int, str], reason: str
) -> None:
    path = _nrrd(tmp_path / "p.nrrd", _drawn(1, 2), names)
    with pytest.raises(UnreadableVolumeError, match=r"^p\.nrrd: ") as caught:
        read_named_labels(path, _MAP)
    assert reason in caught.value.reason


def test_accents_and_other_forms_are_mentions() -> None:
    names = {1: "Glenoïd droit", 2: "Humérus"}
    with pytest.raises(ValueError, match="calls value 1 'Glenoïd droit'"):
        values_by_name(names, _MAP, [1, 2])
    swapped = {1: "glenoid", 2: "humerus"}
    assert values_by_name(names, swapped, [1, 2]) == {1: 1, 2: 2}


def test_segments_in_layers_are_refused(tmp_path: Path) -> None:
    """3D Slicer keeps segments that overlap in layers, each with values of its own."""
    fields = {
        f"Segment{number}_{key}": text
        for number, name in enumerate(("humerus", "glenoid"))
        for key, text in (("ID", f"S_{number}"), ("Name", name), ("LabelValue", "1"))
    }
    nrrd.write(str(tmp_path / "p.seg.nrrd"), _drawn(1, 1), _GRID | fields)
    with pytest.raises(UnreadableVolumeError, match="lie in layers"):
        read_named_labels(tmp_path / "p.seg.nrrd", _MAP)
    layers = {**_GRID, "kinds": ["list", "domain", "domain", "domain"]}
    layers["space directions"] = np.vstack([[np.nan] * 3, _GRID["space directions"]])
    nrrd.write(str(tmp_path / "q.seg.nrrd"), np.stack([_drawn(1, 0), _drawn(0, 1)]), layers)
    with pytest.raises(UnreadableVolumeError, match="in 2 layers"):
        read_named_labels(tmp_path / "q.seg.nrrd", _MAP)


@pytest.mark.parametrize(
    "tag", ["<Label Key='1'>", '<Label Red="1" Key = "1" >', "<Label\nKey='1'>"]
)
def test_label_tables_of_other_spelling(tmp_path: Path, tag: str) -> None:
    image = nib.Nifti1Image(_drawn(1, 2), np.diag([0.5, 0.7, 3.0, 1.0]))
    xml = f"<LabelTable>{tag}glenoid</Label></LabelTable>"
    image.header.extensions.append(nib.nifti1.Nifti1Extension(0, xml.encode()))
    nib.save(image, tmp_path / "a.nii.gz")
    assert read_segment_names(tmp_path / "a.nii.gz") == {1: "glenoid"}


def test_a_foreign_segment_keeps_its_value(tmp_path: Path) -> None:
    path = _nrrd(tmp_path / "p.nrrd", _drawn(2, 9), {2: "humerus", 9: "cartilage"})
    np.testing.assert_array_equal(read_named_labels(path, _MAP).array, _drawn(1, 9).T)


def test_two_segments_of_one_name_are_one(tmp_path: Path) -> None:
    path = _nrrd(tmp_path / "p.nrrd", _drawn(4, 5), {4: "humerus", 5: "Humerus"})
    np.testing.assert_array_equal(read_named_labels(path, _MAP).array, _drawn(1, 1).T)


def test_headers_without_names_and_damaged_extensions(tmp_path: Path) -> None:
    nrrd.write(str(tmp_path / "p.nrrd"), _drawn(1, 2), _GRID)
    assert read_segment_names(tmp_path / "p.nrrd") == {}
    path = _nifti(tmp_path / "p.nii", _drawn(1, 2), {1: "bone &amp; \n marrow"})
    assert read_segment_names(path) == {1: "bone &amp; marrow"}
    content = bytearray(path.read_bytes())
    struct.pack_into("<f", content, 108, float("nan"))
    (tmp_path / "q.nii").write_bytes(content)
    with pytest.raises(UnreadableVolumeError, match=r"q\.nii"):
        read_segment_names(tmp_path / "q.nii")
    (tmp_path / "r.nii.gz").write_bytes(gzip.compress(bytes(content))[:90])
    with pytest.raises(UnreadableVolumeError, match=r"r\.nii\.gz"):
        read_segment_names(tmp_path / "r.nii.gz")


def test_a_segmentation_belongs_to_the_image_of_its_name(tmp_path: Path) -> None:
    """3D Slicer saves `p.seg.nrrd` beside `p.nrrd`, or beside `p.nii.gz`."""
    for name in ("p.nrrd", "p.seg.nrrd", "q.nii.gz", "q.seg.nrrd"):
        (tmp_path / name).write_bytes(b"x")
    pairs, problems = match_files(tmp_path, tmp_path)
    assert problems == []
    found = [(pair.case, pair.image.name, pair.label.name) for pair in pairs]
    assert found == [("p", "p.nrrd", "p.seg.nrrd"), ("q", "q.nii.gz", "q.seg.nrrd")]


@given(st.permutations(["humerus", "glenoid", "scapula"]), st.permutations([1, 2, 3]))
def test_any_order_of_values_is_the_same_anatomy(names: list[str], values: list[int]) -> None:
    meant = {1: "humerus", 2: "glenoid", 3: "scapula"}
    own = values_by_name(dict(zip(values, names, strict=True)), meant, sorted(values))
    for value, name in zip(values, names, strict=True):
        assert meant[own[value]] == name
