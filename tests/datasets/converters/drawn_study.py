"""Examinations with lopsided masks drawn on their series, and what is found in them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK
from pydicom.uid import generate_uid

from shoulderseg.datasets.converters.convert import survey
from shoulderseg.datasets.converters.source import Rejected, SourceCase
from shoulderseg.datasets.converters.structures import Structures
from shoulderseg.datasets.converters.study import StudyFolder, study_cases
from shoulderseg.datasets.dicom_seg import SegOptions, write_dicom_seg
from shoulderseg.datasets.seg_nrrd import write_seg_nrrd
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_label_map
from tests.datasets.dicom import writing

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.converters.examined import Examined

_LABELS = {"background": 0, "humerus": 1, "glenoid": 2}
_KEYS = {"1": "humerus", "2": "glenoid", "bone a": "humerus", "clavicle": "background"}


def series_grid(shift_mm: float = 0.0) -> Volume:
    """Where the series of `writing` lies, from the constants alone."""
    columns = np.stack([writing.ALONG_ROW, writing.DOWN, writing.ACROSS], axis=1)
    x, y, z = (writing.ORIGIN_MM + shift_mm * writing.ALONG_ROW).tolist()
    spacing = (writing.STEP_MM, writing.ROW_MM, writing.COLUMN_MM)
    return Volume(writing.voxels(), spacing, (x, y, z), tuple(columns.ravel().tolist()))


def drawn_bones() -> npt.NDArray[np.uint8]:
    """Lopsided in every axis, with empty slices at both ends."""
    array = np.zeros((writing.COUNT, writing.ROWS, writing.COLUMNS), np.uint8)
    array[1:5, 3:12, 4:9] = 1
    array[1:3, 9:12, 9:20] = 1
    array[2:4, 15:22, 22:27] = 2
    array[2, 12:15, 22:24] = 2
    return array


def shifted_series(seed: int, shift_mm: float) -> list[writing.Slice]:
    """A series beside the first one."""
    moved = writing.ORIGIN_MM + shift_mm * writing.ALONG_ROW
    slices = writing.series(seed)
    for index, item in enumerate(slices):
        place = moved + index * writing.STEP_MM * writing.ACROSS
        item.dataset.ImagePositionPatient = [*place.round(9)]
    return slices


def _write_mhd(path: Path, array: npt.NDArray[np.uint8], grid: Volume) -> None:
    """A header, and the voxels in `NAME.raw` beside it."""
    image = SimpleITK.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm[::-1])
    image.SetOrigin(grid.origin_mm)
    image.SetDirection(grid.direction)
    SimpleITK.WriteImage(image, str(path))


def of_patient(slices: list[writing.Slice], number: int, **tags: str) -> list[writing.Slice]:
    """The slices with another examination and patient in their headers."""
    for item in slices:
        item.dataset.StudyInstanceUID = generate_uid(entropy_srcs=[f"study of {number}"])
        item.dataset.PatientID = f"MRN{654321 + number}"
        for name, value in tags.items():
            setattr(item.dataset, name, value)
    return slices


def draw_mask(path: Path, form: str, series: list[Path], grid: Volume | None = None) -> None:
    """Writes the bones as a mask in a format, beside the path or as a SEG of the series."""
    grid, array = grid or series_grid(), drawn_bones()
    path.parent.mkdir(parents=True, exist_ok=True)
    if form == "seg.nrrd":
        write_seg_nrrd(path.with_name(f"{path.name}.seg.nrrd"), array, grid)
    elif form in ("nrrd", "nii.gz", "nii", "mha"):
        write_label_map(path.with_name(f"{path.name}.{form}"), array, grid)
    elif form == "mhd":
        _write_mhd(path.with_name(f"{path.name}.mhd"), array, grid)
    else:
        options = SegOptions("BINARY") if form == "BINARY" else SegOptions("LABELMAP")
        write_dicom_seg(path.with_name(f"{path.name}.dcm"), array, grid, series, options=options)


def study_of(source: Path, *, automatic_masks: bool = True) -> StudyFolder:
    """The folder of examinations, with what its masks mean."""
    # What `write_dicom_seg` writes says that a program drew it.
    return StudyFolder(source, Structures(_KEYS, _LABELS), automatic_masks=automatic_masks)


def outcomes(source: Path) -> tuple[list[SourceCase], list[Rejected]]:
    """Cases that are found, and what is rejected before any voxel is read."""
    found = list(study_cases(study_of(source)))
    cases = [entry for entry in found if isinstance(entry, SourceCase)]
    return cases, [entry for entry in found if isinstance(entry, Rejected)]


def surveyed(source: Path) -> list[Examined | Rejected]:
    """What becomes of each case once it is read."""
    return list(survey(study_cases(study_of(source)), _LABELS))
