"""dciodvfy finds no error in what is written: it checks files against the DICOM standard."""

from __future__ import annotations

import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pydicom
import pytest

from shoulderseg.datasets.dicom_seg import write_dicom_seg
from shoulderseg.datasets.dicom_sr import SourceSeries, SrOptions, write_dicom_sr
from shoulderseg.datasets.volume import Volume
from tests.datasets.oblique_case import lopsided_labels
from tests.datasets.reported_bones import bones

CHECKER = shutil.which("dciodvfy")
pytestmark = pytest.mark.skipif(
    CHECKER is None, reason="needs dciodvfy: apt-get install dicom3tools"
)


def errors(path: Path) -> list[str]:
    """What is said to be wrong with a file; warnings are no errors."""
    assert CHECKER is not None
    told = subprocess.run([CHECKER, str(path)], capture_output=True, text=True, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    # The first line says as what it was checked.
    assert any(line in ("Segmentation", "ComprehensiveSR", "Comprehensive3DSR") for line in lines)
    return [line for line in lines if line.startswith("Error")]


def test_segmentation(image: Volume, sources: list[Path], tmp_path: Path) -> None:
    # The checker that Debian has is older than label maps (2024).
    path = tmp_path / "a.seg.dcm"
    write_dicom_seg(path, lopsided_labels(), image, sources)
    assert errors(path) == []


@pytest.mark.parametrize("with_segmentation", [True, False])
def test_structured_report(
    image: Volume, sources: list[Path], tmp_path: Path, *, with_segmentation: bool
) -> None:
    path, segmentation = tmp_path / "a.sr.dcm", tmp_path / "a.seg.dcm"
    write_dicom_seg(segmentation, lopsided_labels(), image, sources)
    options = SrOptions(
        segmentation if with_segmentation else None, "right", datetime(2024, 5, 6, 7, 8, 9)
    )
    write_dicom_sr(path, bones(), [SourceSeries(image, sources)], options)
    assert errors(path) == []


def test_an_error_is_seen(image: Volume, sources: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "a.seg.dcm"
    write_dicom_seg(path, lopsided_labels(), image, sources)
    dataset = pydicom.dcmread(path)
    del dataset.SegmentSequence
    dataset.save_as(path)
    assert errors(path)
