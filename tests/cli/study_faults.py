"""A series whose files are named after the patient, and what may be wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
from pydicom.uid import generate_uid


def path_of(folder: Path, number: object) -> Path:
    """Names a file after the patient."""
    return folder / f"MUELLER_JOERG_4711998_{number}.dcm"


def altered(path: Path, to: Path, **tags: object) -> None:
    dataset = pydicom.dcmread(path)
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.save_as(to)


def no_frame_of_reference(folder: Path) -> None:
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        del dataset.FrameOfReferenceUID
        dataset.save_as(path)


def cut_off(folder: Path) -> None:
    path = path_of(folder, 3)
    path.write_bytes(path.read_bytes()[:-900])


def cut_off_twin(folder: Path) -> None:
    path_of(folder, "copy").write_bytes(path_of(folder, 3).read_bytes()[:-900])


def another_image_there(folder: Path) -> None:
    pixels = pydicom.dcmread(path_of(folder, 3)).pixel_array.copy()
    pixels[0, 0] += 5
    copy = path_of(folder, "copy")
    altered(path_of(folder, 3), copy, PixelData=pixels.tobytes(), SOPInstanceUID=generate_uid())


def damaged_beside_it(folder: Path) -> None:
    path_of(folder, "report").write_bytes(b"x" * 300)


def report_beside_it(folder: Path) -> None:
    altered(path_of(folder, 3), path_of(folder, "sr"), Modality="SR")


def lone_slice_that_is_refused(folder: Path) -> None:
    tags = {"PixelSpacing": [9, 9], "SeriesInstanceUID": generate_uid()}
    altered(path_of(folder, 3), path_of(folder, "lone"), **tags)


def slice_missing(folder: Path) -> None:
    path_of(folder, 3).unlink()


# Of each fault: what is done, what is said of it, and the exit code.
FAULTS: dict[str, tuple[Callable[[Path], None], str, int]] = {
    "frame": (no_frame_of_reference, "slice 1 of 6: DICOM tag FrameOfReferenceUID is missing", 0),
    "cut off": (cut_off, "image number 3: file ends early", 1),
    "twin": (cut_off_twin, "image number 3 left out: file ends early", 0),
    "two": (another_image_there, "slice 3 of 6: another image lies at the same place", 1),
    "damaged": (damaged_beside_it, "dicom_file_1: DICOM header is damaged", 1),
    "report": (report_beside_it, "modality is SR", 0),
    "lone": (lone_slice_that_is_refused, "pixels are 9 x 9 mm", 1),
    "missing": (slice_missing, "1 slice missing after slice 2 of 5", 1),
}
