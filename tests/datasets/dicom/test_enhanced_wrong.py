"""Enhanced MR that makes no volume is refused for the reason that a series of files would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.pixels import read_stack
from shoulderseg.datasets.errors import UnreadableVolumeError
from shoulderseg.datasets.reader import read_image
from shoulderseg.workflows.inputs.discover import find_inputs
from tests.datasets.dicom.enhanced_writing import enhanced, frames_of, save
from tests.datasets.dicom.findings import found, only, refusal
from tests.datasets.dicom.writing import ACROSS, ALONG_ROW, series


def _file_refusal(folder: Path) -> str:
    findings = read_folder(folder)
    assert findings.series == ()
    (finding,) = findings.files
    return finding.reason


def test_a_frame_is_missing(tmp_path: Path) -> None:
    frames = frames_of(series())
    save(tmp_path, enhanced(frames[:3] + frames[4:]))
    assert "1 slice missing after slice 3 of 6" in refusal(tmp_path)


def test_the_first_frames_are_missing(tmp_path: Path) -> None:
    save(tmp_path, enhanced(frames_of(series())[2:]))
    assert "image numbers begin with 3: slices may be missing" in only(tmp_path).notes[0]


def test_two_frames_at_one_place(tmp_path: Path) -> None:
    frames = frames_of(series())
    save(tmp_path / "same", enhanced([*frames, frames[2]]))
    assert only(tmp_path / "same").notes == ("1 slice twice; each counts once",)
    assert len(find_inputs(tmp_path / "same").cases) == 1
    other = frames_of(series(seed=1))[2]
    save(tmp_path / "differ", enhanced([*frames, other]))
    (item,) = find_inputs(tmp_path / "differ").skipped
    assert item.refused
    assert "another image lies at the same place" in item.reason


def test_a_skewed_stack(tmp_path: Path) -> None:
    frames = frames_of(series())
    for place, frame in enumerate(frames):
        own = frame.slice.dataset
        own.ImagePositionPatient = [*(own.ImagePositionPatient + 0.4 * place * ALONG_ROW)]
    save(tmp_path, enhanced(frames))
    assert "skewed stack" in refusal(tmp_path)


def test_uneven_and_mixed_frames(tmp_path: Path) -> None:
    frames = frames_of(series())
    own = frames[3].slice.dataset
    own.ImagePositionPatient = [*(own.ImagePositionPatient + 0.7 * ACROSS)]
    save(tmp_path / "uneven", enhanced(frames))
    assert "unevenly spaced" in refusal(tmp_path / "uneven")
    frames = frames_of(series())
    along = frames[5].slice.dataset.ImageOrientationPatient
    frames[5].slice.dataset.ImageOrientationPatient = [*along[3:], *along[:3]]
    save(tmp_path / "mixed", enhanced(frames))
    assert "use" not in {one.verdict for one in found(tmp_path / "mixed")}


def _no_place(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence


def _too_few_groups(dataset: Dataset) -> None:
    dataset.PerFrameFunctionalGroupsSequence = dataset.PerFrameFunctionalGroupsSequence[:5]


def _no_groups(dataset: Dataset) -> None:
    del dataset.PerFrameFunctionalGroupsSequence


def _absurd_count(dataset: Dataset) -> None:
    dataset.NumberOfFrames = 2**31 - 1


def _colour(dataset: Dataset) -> None:
    dataset.SamplesPerPixel = 3


def _huge(dataset: Dataset) -> None:
    dataset.Rows = 65535


def _wrong_axes(dataset: Dataset) -> None:
    groups = dataset.SharedFunctionalGroupsSequence[0]
    groups.PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 1, 0, 0]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_no_place, "DICOM tag ImagePositionPatient is missing"),
        (_too_few_groups, "of 7 frames that describes 5"),
        (_no_groups, "of 7 frames that describes 0"),
        (_absurd_count, "of 2147483647 frames"),
        (_colour, "colour DICOM"),
        (_huge, "Rows x Columns is 65535"),
        (_wrong_axes, "ImageOrientationPatient does not hold two perpendicular"),
    ],
)
def test_damaged_claims(tmp_path: Path, spoil: object, reason: str) -> None:
    dataset = enhanced(frames_of(series()))
    spoil(dataset)  # type: ignore[operator]
    save(tmp_path, dataset)
    assert reason in _file_refusal(tmp_path)


def test_a_file_that_is_cut_off_says_from_which_frame_on(tmp_path: Path) -> None:
    path = save(tmp_path, enhanced(frames_of(series())))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) - 2 * 24 * 32 * 2 - 10])
    reason = refusal(tmp_path)
    assert reason.startswith("frame 5: file ends early")


def test_a_mosaic_stays_refused(tmp_path: Path) -> None:
    dataset = enhanced(frames_of(series()))
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "M", "MOSAIC"]
    save(tmp_path, dataset)
    assert "mosaic" in _file_refusal(tmp_path)


def test_other_kinds_of_enhanced_objects_are_skipped(tmp_path: Path) -> None:
    dataset = enhanced(frames_of(series()))
    dataset.Modality = "CT"
    save(tmp_path, dataset)
    assert "modality is CT" in _file_refusal(tmp_path)


def test_a_single_image_is_asked_for(tmp_path: Path) -> None:
    path = save(tmp_path, enhanced(frames_of(series())))
    with pytest.raises(UnreadableVolumeError, match=r"enhanced \(multi-frame\) MR"):
        read_image(path)


def test_the_file_changes_after_it_was_looked_at(tmp_path: Path) -> None:
    path = save(tmp_path, enhanced(frames_of(series())))
    stack = only(tmp_path).stack
    assert stack is not None
    short = enhanced(frames_of(series())[:4])
    short.SOPInstanceUID = generate_uid()
    save(tmp_path, short, path.name)
    with pytest.raises(UnreadableVolumeError, match=r"slice 5 of 7: .*frame 5 is not in it"):
        read_stack(stack)


def test_nothing_of_the_patient_is_told(tmp_path: Path) -> None:
    frames = frames_of(series())
    dataset = enhanced(frames[:3] + frames[4:])
    dataset.PatientName = "Doe^Jane"
    save(tmp_path / "Doe Jane", dataset, "Doe_Jane.dcm")
    told = " ".join(f"{item.name} {item.reason}" for item in find_inputs(tmp_path).skipped)
    assert "Doe" not in told
    assert "Jane" not in told
    assert np.char.count(told, "missing") >= 1
