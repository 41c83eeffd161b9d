from __future__ import annotations

import logging
import subprocess
from datetime import datetime
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

MADE = datetime(2024, 5, 6, 7, 8, 9)
KINDS: list[Literal["BINARY", "LABELMAP"]] = ["BINARY", "LABELMAP"]


@pytest.fixture
def image() -> Volume:
    return oblique_image()


@pytest.fixture
def sources(image: Volume, tmp_path: Path) -> list[Path]:
    return write_sources(tmp_path / "series", image)


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


def test_segments_are_named_coded_and_said_to_be_for_research(
    image: Volume, sources: list[Path], tmp_path: Path
) -> None:
    write_dicom_seg(tmp_path / "a.dcm", lopsided_labels(), image, sources)
    seg = pydicom.dcmread(tmp_path / "a.dcm")
    humerus, glenoid = seg.SegmentSequence
    assert (humerus.SegmentLabel, glenoid.SegmentLabel) == ("humerus", "glenoid")
    assert humerus.SegmentedPropertyTypeCodeSequence[0].CodeValue == "85050009"
    assert glenoid.SegmentedPropertyTypeCodeSequence[0].CodeValue == "46385009"
    [algorithm] = humerus.SegmentationAlgorithmIdentificationSequence
    assert algorithm.AlgorithmName.startswith("shoulderseg")
    assert algorithm.AlgorithmVersion == seg.SoftwareVersions
    assert "research use only" in seg.ContentDescription
    # Slices without a bone are left out: 4 of the humerus and 3 of the glenoid.
    assert seg.NumberOfFrames == 7


def test_slices_are_as_far_apart_as_their_positions_say(image: Volume, tmp_path: Path) -> None:
    """Some scanners put the gap between slices into SpacingBetweenSlices."""
    sources = write_sources(tmp_path / "series", image)
    for path in sources:
        dataset = pydicom.dcmread(path)
        dataset.SpacingBetweenSlices = "0.3"
        dataset.save_as(path)
    write_dicom_seg(tmp_path / "a.dcm", lopsided_labels(), image, sources)
    seg = pydicom.dcmread(tmp_path / "a.dcm")
    [measures] = seg.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence
    assert measures.SpacingBetweenSlices == pytest.approx(3.3)
    assert measures.SliceThickness == pytest.approx(3.0)


def test_source_images_and_their_patient_are_referred_to(
    image: Volume, sources: list[Path], tmp_path: Path
) -> None:
    write_dicom_seg(tmp_path / "a.dcm", lopsided_labels(), image, sources)
    seg, source = pydicom.dcmread(tmp_path / "a.dcm"), pydicom.dcmread(sources[0])
    for tag in ("PatientName", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert seg[tag].value == source[tag].value
    assert seg.SeriesInstanceUID != source.SeriesInstanceUID
    [series] = seg.ReferencedSeriesSequence
    referred = {item.ReferencedSOPInstanceUID for item in series.ReferencedInstanceSequence}
    assert referred == {pydicom.dcmread(path).SOPInstanceUID for path in sources}
    described = f"{seg.SeriesDescription} {seg.ContentDescription} {seg.ContentLabel}"
    assert "PHANTOM" not in described.upper()


def test_the_same_input_gives_the_same_bytes(
    image: Volume, sources: list[Path], tmp_path: Path
) -> None:
    label_map, written = lopsided_labels(), {}
    for name, made in (("a", MADE), ("b", MADE), ("later", MADE.replace(hour=8))):
        path = tmp_path / f"{name}.dcm"
        write_dicom_seg(path, label_map, image, sources, options=SegOptions(made=made))
        written[name] = path.read_bytes()
    assert written["a"] == written["b"]
    uids = {pydicom.dcmread(tmp_path / f"{name}.dcm").SOPInstanceUID for name in ("a", "later")}
    assert len(uids) == 2


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


def test_files_that_do_not_fit_are_refused(
    image: Volume, sources: list[Path], tmp_path: Path
) -> None:
    label_map, out = lopsided_labels(), tmp_path / "a.dcm"
    swapped = [sources[1], sources[0], *sources[2:]]
    with pytest.raises(ValueError, match=r"5 DICOM source files for 6 slices"):
        write_dicom_seg(out, label_map, image, sources[:5])
    with pytest.raises(ValueError, match=r"slice 1 of 6: lies .* away from its place"):
        write_dicom_seg(out, label_map, image, swapped)
    narrow = Volume(image.array[:, :, 1:], image.spacing_mm, image.origin_mm, image.direction)
    with pytest.raises(ValueError, match=r"40 rows x 52 columns do not fit .* 40 x 51"):
        write_dicom_seg(out, label_map[:, :, 1:].copy(), narrow, sources)
    other = write_sources(tmp_path / "other", image, seed=2)
    with pytest.raises(ValueError, match="expected one series"):
        write_dicom_seg(out, label_map, image, [*sources[:5], other[5]])
    (tmp_path / "text.dcm").write_text("no DICOM")
    with pytest.raises(ValueError, match=r"^slice 6 of 6: not a DICOM file"):
        write_dicom_seg(out, label_map, image, [*sources[:5], tmp_path / "text.dcm"])
    with pytest.raises(ValueError, match=r"no label describes: \[9\]"):
        write_dicom_seg(out, np.full_like(label_map, 9), image, sources)
    assert not out.exists()


def test_transposed_pixels_are_refused(sources: list[Path], tmp_path: Path) -> None:
    """Rows and columns exchanged in a square image would have the right shape."""
    image = oblique_image((2, 40, 40))
    files = write_sources(tmp_path / "square", image)
    axes = np.reshape(image.direction, (3, 3))[:, [1, 0, 2]]
    z, y, x = image.spacing_mm
    turned = Volume(image.array, (z, x, y), image.origin_mm, tuple(axes.ravel().tolist()))
    with pytest.raises(ValueError, match=r"slice 1 of 2: .* away from its place"):
        write_dicom_seg(tmp_path / "a.dcm", np.zeros((2, 40, 40), np.uint8), turned, files)


@pytest.mark.parametrize(
    ("tag", "value", "allowed"),
    [
        ("PatientSex", "JANE", True),
        ("PatientName", "JANE", True),
        ("PatientBirthDate", None, True),
        ("SliceThickness", None, True),
        ("StudyDate", "JANE", False),
        ("FrameOfReferenceUID", None, False),
    ],
)
def test_odd_headers_reach_no_log_and_no_message(
    image: Volume,
    sources: list[Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    tag: str,
    value: str | None,
    allowed: bool,
) -> None:
    for path in sources:
        dataset = pydicom.dcmread(path)
        if value is None:
            del dataset[tag]
        with pydicom.config.disable_value_validation():
            if value is not None:
                setattr(dataset, tag, value)
            dataset.save_as(path)
    said = ""
    with caplog.at_level(logging.DEBUG):
        try:
            write_dicom_seg(tmp_path / "a.dcm", lopsided_labels(), image, sources)
        except ValueError as error:
            said = str(error)
    assert (said == "") == allowed
    assert (tmp_path / "a.dcm").exists() == allowed
    assert "JANE" not in said + caplog.text
    # The library logs the identifiers of what it reads.
    assert pydicom.dcmread(sources[0]).SOPInstanceUID not in caplog.text
