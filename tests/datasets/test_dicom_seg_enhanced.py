"""Segmentations of enhanced MR refer to its frames, and come back from them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK
from pydicom.uid import EnhancedMRImageStorage

from shoulderseg.datasets.converters.study_seg import read_seg_facts
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.dicom.sr_groups import ReportedBone, ReportedMeasure
from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg
from shoulderseg.datasets.dicom_sr import SourceSeries, SrOptions, write_dicom_sr
from shoulderseg.datasets.labels import describe_labels
from shoulderseg.workflows.inputs.discover import find_inputs
from shoulderseg.workflows.processes.scripts import installed_script
from tests.datasets.converters.drawn_study import drawn_bones, outcomes, series_grid
from tests.datasets.dicom.enhanced_writing import enhanced, frames_of, save
from tests.datasets.dicom.findings import found
from tests.datasets.dicom.writing import changed, series, voxels
from tests.datasets.oblique_case import centroid_mm

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.stack import Stack


def _two_echoes(folder: Path) -> Path:
    """Frames of both echoes at each place, from the last place to the first."""
    late = changed(series(seed=2), lambda dataset, _: setattr(dataset, "EchoTime", 90))
    frames = [*frames_of(series()), *frames_of(late, echo=2)]
    order = [k + 7 * echo for k in reversed(range(7)) for echo in (0, 1)]
    return save(folder, enhanced([frames[k] for k in order]))


def _stack(folder: Path, echo: str) -> Stack:
    (one,) = [s for s in found(folder) if float(s.slices[0].text("EchoTime")) == float(echo)]
    assert one.stack is not None
    return one.stack


def _segment(folder: Path, echo: str, kind: Literal["BINARY", "LABELMAP"], out: Path) -> None:
    stack = _stack(folder, echo)
    options = SegOptions(kind, tuple(header.frame for header in stack.slices))
    files = [header.path for header in stack.slices]
    write_dicom_seg(out, drawn_bones(), read_stack(stack), files, options=options)


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_references_are_the_frames_of_the_right_echo(
    tmp_path: Path, kind: Literal["BINARY", "LABELMAP"]
) -> None:
    source = pydicom.dcmread(_two_echoes(tmp_path / "e"))
    _segment(tmp_path / "e", "90", kind, tmp_path / "seg.dcm")
    seg = highdicom.seg.segread(tmp_path / "seg.dcm")
    for group in seg.PerFrameFunctionalGroupsSequence:
        (image,) = group.DerivationImageSequence[0].SourceImageSequence
        assert image.ReferencedSOPClassUID == EnhancedMRImageStorage
        assert image.ReferencedSOPInstanceUID == source.SOPInstanceUID
        meant = source.PerFrameFunctionalGroupsSequence[image.ReferencedFrameNumber - 1]
        assert meant.MREchoSequence[0].EffectiveEchoTime == 90
        np.testing.assert_allclose(
            meant.PlanePositionSequence[0].ImagePositionPatient,
            group.PlanePositionSequence[0].ImagePositionPatient,
            atol=1e-6,
        )
    (referenced,) = seg.ReferencedSeriesSequence
    assert len(referenced.ReferencedInstanceSequence) == 1
    assert seg.StudyInstanceUID == source.StudyInstanceUID


def test_other_readers_find_the_bones(tmp_path: Path) -> None:
    _two_echoes(tmp_path / "e")
    _segment(tmp_path / "e", "30", "BINARY", tmp_path / "seg.dcm")
    grid, bones = series_grid(), drawn_bones()
    volume = highdicom.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=True)
    command = [installed_script("segimage2itkimage"), "--inputDICOM", str(tmp_path / "seg.dcm")]
    command += ["--outputType", "nrrd", "--outputDirectory", str(tmp_path), "--prefix", "out"]
    subprocess.run(command, capture_output=True, check=True)
    for value in (1, 2):
        expected = centroid_mm(bones == value, grid)
        indices = np.argwhere(volume.array == value).astype(float)
        place_mm = volume.map_indices_to_reference(indices).mean(axis=0)
        np.testing.assert_allclose(place_mm, expected, atol=0.01)
        read = SimpleITK.ReadImage(str(tmp_path / f"out-{value}.nrrd"))
        indices = np.argwhere(SimpleITK.GetArrayFromImage(read))
        assert len(indices) == np.count_nonzero(bones == value)
        place_mm = np.array(
            read.TransformContinuousIndexToPhysicalPoint(indices.mean(axis=0)[::-1].tolist())
        )
        np.testing.assert_allclose(place_mm, expected, atol=0.01)


def test_a_mask_drawn_on_one_echo_becomes_a_case_of_it(tmp_path: Path) -> None:
    """As `convert dicom-study` takes it: series and mask in one patient's folder."""
    _two_echoes(tmp_path / "src" / "p")
    _segment(tmp_path / "src" / "p", "90", "BINARY", tmp_path / "src" / "p" / "mask.dcm")
    facts = read_seg_facts(tmp_path / "src" / "p" / "mask.dcm")
    assert len(facts.instances) == 1
    assert all(frame % 2 == 0 for _, frame in facts.frames)
    cases, _ = outcomes(tmp_path / "src")
    (case,) = cases
    labelled = case.load()
    np.testing.assert_array_equal(labelled.image.array, voxels(2))
    np.testing.assert_array_equal(labelled.label_map, drawn_bones())


def test_a_frame_that_is_not_there(tmp_path: Path) -> None:
    path = save(tmp_path / "e", enhanced(frames_of(series())))
    (one,) = found(tmp_path / "e")
    assert one.stack is not None
    options = SegOptions(frames=(1, 2, 3, 4, 5, 6, 8))
    image = read_stack(one.stack)
    with pytest.raises(ValueError, match="slice 7 of 7: its file has 7 frames"):
        write_dicom_seg(tmp_path / "s.dcm", drawn_bones(), image, [path] * 7, options=options)
    with pytest.raises(ValueError, match="DICOM tag PixelSpacing is missing"):
        write_dicom_seg(tmp_path / "s.dcm", drawn_bones(), image, [path] * 7)
    assert not (tmp_path / "s.dcm").exists()


def test_a_file_of_one_volume_keeps_its_name(tmp_path: Path) -> None:
    save(tmp_path / "one", enhanced(frames_of(series())), "scan 7.dcm")
    (case,) = find_inputs(tmp_path / "one").cases
    assert case.name == "scan 7"
    assert case.source_frames == (1, 2, 3, 4, 5, 6, 7)
    _two_echoes(tmp_path / "two")
    names = [case.name for case in find_inputs(tmp_path / "two").cases]
    assert len(names) == 2
    assert all(name.startswith("series_5_") for name in names)


def test_a_report_of_measures_refers_to_the_file_of_the_frames(tmp_path: Path) -> None:
    source = pydicom.dcmread(_two_echoes(tmp_path / "e"))
    _segment(tmp_path / "e", "90", "BINARY", tmp_path / "seg.dcm")
    stack = _stack(tmp_path / "e", "90")
    frames = tuple(header.frame for header in stack.slices)
    series = SourceSeries(read_stack(stack), [header.path for header in stack.slices], frames)
    radius = ReportedMeasure("head_radius", 24.5, "mm")
    bone = ReportedBone("humerus", describe_labels()[0].kind, (radius,))

    write_dicom_sr(tmp_path / "sr.dcm", [bone], [series], SrOptions(tmp_path / "seg.dcm"))

    referred = {uids[2:] for uids in highdicom.sr.srread(tmp_path / "sr.dcm").get_evidence()}
    seg = pydicom.dcmread(tmp_path / "seg.dcm", stop_before_pixels=True)
    assert referred == {
        (source.SOPInstanceUID, EnhancedMRImageStorage),
        (seg.SOPInstanceUID, seg.SOPClassUID),
    }
