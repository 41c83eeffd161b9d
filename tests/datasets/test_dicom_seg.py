"""Whoever reads a DICOM SEG finds the bones where they were."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK

from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg
from shoulderseg.datasets.labels import describe_labels
from shoulderseg.datasets.reader import read_image
from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.processes.scripts import installed_script
from tests.datasets.oblique_case import (
    GLENOID,
    HUMERUS,
    centroid_mm,
    lopsided_labels,
    oblique_image,
    write_sources,
)

if TYPE_CHECKING:
    import numpy.typing as npt

KINDS: list[Literal["BINARY", "LABELMAP"]] = ["BINARY", "LABELMAP"]


def centroids_by_frames(path: Path) -> dict[str, npt.NDArray[np.float64]]:
    """From the bare attributes of each frame (PS3.3 C.7.6.2.1.1), by pydicom alone."""
    seg = pydicom.dcmread(path)
    shared = seg.SharedFunctionalGroupsSequence[0]
    row_mm, column_mm = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    axes = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    frames = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    points: dict[str, list[npt.NDArray[np.float64]]] = {}
    names = {item.SegmentNumber: item.SegmentLabel for item in seg.SegmentSequence}
    for frame, group in zip(frames, seg.PerFrameFunctionalGroupsSequence, strict=True):
        first = np.array(group.PlanePositionSequence[0].ImagePositionPatient, float)
        of_segment = group.get("SegmentIdentificationSequence")
        for value in set(np.unique(frame).tolist()) - {0}:
            number = of_segment[0].ReferencedSegmentNumber if of_segment else value
            rows, columns = np.nonzero(frame == value)
            places = (
                first + columns[:, None] * column_mm * axes[:3] + rows[:, None] * row_mm * axes[3:]
            )
            points.setdefault(names[number], []).append(places)
    return {name: np.concatenate(parts).mean(axis=0) for name, parts in points.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reversed_stack", [False, True])
def test_bones_are_where_they_were(
    image: Volume,
    sources: list[Path],
    tmp_path: Path,
    kind: Literal["BINARY", "LABELMAP"],
    reversed_stack: bool,
) -> None:
    label_map, like = lopsided_labels(), image
    expected = {
        "humerus": centroid_mm(label_map == HUMERUS, image),
        "glenoid": centroid_mm(label_map == GLENOID, image),
    }
    if reversed_stack:
        axes = np.reshape(image.direction, (3, 3))
        last_mm = np.array(image.origin_mm) + axes[:, 2] * image.spacing_mm[0] * 5
        turned = (axes * [1, 1, -1]).ravel().tolist()
        x, y, z = last_mm.tolist()
        like = Volume(image.array[::-1], image.spacing_mm, (x, y, z), tuple(turned))
        label_map, sources = label_map[::-1], sources[::-1]
    path = tmp_path / "a.seg.dcm"
    write_dicom_seg(path, label_map, like, sources, options=SegOptions(kind))
    found = centroids_by_frames(path)
    assert found.keys() == expected.keys()
    for name, place_mm in expected.items():
        np.testing.assert_allclose(found[name], place_mm, atol=0.01)


@pytest.mark.parametrize("kind", KINDS)
def test_highdicom_reads_the_same_volume(
    image: Volume, sources: list[Path], tmp_path: Path, kind: Literal["BINARY", "LABELMAP"]
) -> None:
    path, label_map = tmp_path / "a.seg.dcm", lopsided_labels()
    write_dicom_seg(path, label_map, image, sources, options=SegOptions(kind))
    volume = highdicom.seg.segread(path).get_volume(combine_segments=True)
    for value in (HUMERUS, GLENOID):
        indices = np.argwhere(volume.array == value)
        assert len(indices) == np.count_nonzero(label_map == value)
        place_mm = volume.map_indices_to_reference(indices.astype(float)).mean(axis=0)
        np.testing.assert_allclose(place_mm, centroid_mm(label_map == value, image), atol=0.01)
    assert volume.spacing == pytest.approx(image.spacing_mm)


def test_dcmqi_reads_the_same_volume(image: Volume, sources: list[Path], tmp_path: Path) -> None:
    path, label_map = tmp_path / "a.seg.dcm", lopsided_labels()
    write_dicom_seg(path, label_map, image, sources)
    command = [installed_script("segimage2itkimage"), "--inputDICOM", str(path), "--outputType"]
    command += ["nrrd", "--outputDirectory", str(tmp_path), "--prefix", "out"]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    for value in (HUMERUS, GLENOID):
        read = SimpleITK.ReadImage(str(tmp_path / f"out-{value}.nrrd"))
        indices = np.argwhere(SimpleITK.GetArrayFromImage(read))
        assert len(indices) == np.count_nonzero(label_map == value)
        place_mm = read.TransformContinuousIndexToPhysicalPoint(indices.mean(axis=0)[::-1].tolist())
        np.testing.assert_allclose(place_mm, centroid_mm(label_map == value, image), atol=0.01)


def test_a_single_slice_as_it_is_read(tmp_path: Path) -> None:
    [source] = write_sources(tmp_path / "series", oblique_image((1, 40, 52)))
    image, label_map = read_image(source), lopsided_labels((1, 40, 52))
    write_dicom_seg(tmp_path / "a.seg.dcm", label_map, image, [source])
    found = centroids_by_frames(tmp_path / "a.seg.dcm")
    np.testing.assert_allclose(
        found["humerus"], centroid_mm(label_map == HUMERUS, image), atol=0.01
    )


def test_no_bone_at_all_is_a_valid_object(
    image: Volume, sources: list[Path], tmp_path: Path
) -> None:
    write_dicom_seg(tmp_path / "a.dcm", np.zeros(image.array.shape, np.uint8), image, sources)
    assert not pydicom.dcmread(tmp_path / "a.dcm").pixel_array.any()


def test_other_labels_get_consecutive_segment_numbers(
    image: Volume, sources: list[Path], tmp_path: Path
) -> None:
    label_map = lopsided_labels()
    label_map[label_map == HUMERUS] = 7
    labels = describe_labels({"femur": 7, "glenoid": GLENOID})
    write_dicom_seg(tmp_path / "a.dcm", label_map, image, sources, labels)
    seg = pydicom.dcmread(tmp_path / "a.dcm")
    assert [item.SegmentLabel for item in seg.SegmentSequence] == ["glenoid", "femur"]
    found = centroids_by_frames(tmp_path / "a.dcm")
    np.testing.assert_allclose(found["femur"], centroid_mm(label_map == 7, image), atol=0.01)
