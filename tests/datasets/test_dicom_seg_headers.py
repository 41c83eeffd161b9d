"""What a DICOM SEG says of itself and of its source, and sources it is refused for."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest

from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg
from shoulderseg.datasets.volume import Volume
from tests.datasets.oblique_case import lopsided_labels, oblique_image, write_sources

MADE = datetime(2024, 5, 6, 7, 8, 9)


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
        ("PatientBirthDate", "00000000", True),
        ("PatientBirthDate", "19500000", True),
        ("StudyDate", "JANE", True),
        ("StudyTime", "JANE", True),
        ("PatientName", "JANE\\JANE", False),
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
