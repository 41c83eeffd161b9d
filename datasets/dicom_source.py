"""Headers of the DICOM images a label map belongs to, checked against the label map's grid."""

from __future__ import annotations

import struct
import zlib
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.valuerep import format_number_as_ds

from shoulderseg.datasets.dicom.enhanced import count_frames, flat_frames
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.header_checks import header_errors, perpendicular_axes
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.dicom.stack import JITTER, shift_mm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    from pydicom import Dataset

    from shoulderseg.datasets.volume import Volume

_IDENTITY = ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_REQUIRED = (
    *_IDENTITY,
    "SOPClassUID",
    "SOPInstanceUID",
    "Rows",
    "Columns",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
)
# Wide enough for a stack whose distances were evened out, too narrow for a neighbouring slice.
_TOLERANCE_VOXELS = 0.5


def read_source_headers(
    source_files: Sequence[Path], like: Volume, frames: Sequence[int] = ()
) -> list[Dataset]:
    """Reads the headers of the images that a volume was made of.

    The headers hold the patient's data, and so may the names of the files. Messages of errors
    hold neither: they speak of slices by their place.

    Args:
        source_files: The DICOM file of each slice, in the order of the volume's slices.
        frames: Number of each slice's frame in its file, from 1; 0 in single-frame files, which
            all are if empty.
        like: The volume.

    Returns:
        The headers without pixels, in the same order; a frame's as if it were a single-frame
        image.

    Raises:
        ValueError: If a file is no DICOM image with all tags needed, the files are not of one
            series, or they do not fit the volume in number, rows, columns or place.
        OSError: If a file cannot be opened.
    """
    if len(source_files) != len(like.array):
        msg = (
            f"found {len(source_files)} DICOM source files for {len(like.array)} slices, "
            "expected one file a slice."
        )
        raise ValueError(msg)
    places = [f"slice {number} of {len(like.array)}" for number in range(1, len(like.array) + 1)]
    numbers = list(frames) or [0] * len(source_files)
    frames_of = cache(partial(_read_frames, places[0]))
    headers = [
        _pick(frames_of(path), number, place) if number else _read_header(place, path)
        for path, number, place in zip(source_files, numbers, places, strict=True)
    ]
    for place, header in zip(places, headers, strict=True):
        _check_complete(place, header)
    for tag in _IDENTITY:
        found = {str(header[tag].value) for header in headers}
        if len(found) > 1:
            msg = (
                f"the DICOM source files have {len(found)} different values of {tag}, expected "
                "one series. Give the files of one series."
            )
            raise ValueError(msg)
    for index, (place, header) in enumerate(zip(places, headers, strict=True)):
        _check_fit(place, header, like, index)
    return headers


def share_axes(headers: Sequence[Dataset], like: Volume) -> None:
    """Gives slices whose axes differ in the last digits those of the volume: a SEG states one pair.

    Args:
        headers: From `read_source_headers`; changed where they differ.
        like: The volume.
    """
    stated = [list(header.ImageOrientationPatient) for header in headers]
    if any(axes != stated[0] for axes in stated):
        axes = np.reshape(like.direction, (3, 3)).T[:2].ravel()
        for header in headers:
            header.ImageOrientationPatient = [format_number_as_ds(float(part)) for part in axes]


def _read_header(place: str, path: Path) -> Dataset:
    with silence_dicom_libraries():
        try:
            return read_dataset(path)
        except (
            InvalidDicomError,
            BytesLengthException,
            EOFError,
            TypeError,
            ValueError,
            AttributeError,
            KeyError,
            struct.error,
            zlib.error,
        ):
            msg = f"{place}: not a DICOM file with a sound header. Export it again."
            raise ValueError(msg) from None
        except OSError as error:
            # Its own message holds the whole path.
            msg = f"{place}: file cannot be opened ({error.strerror})."
            raise OSError(msg) from None


def _read_frames(place: str, path: Path) -> list[Dataset]:
    whole = _read_header(place, path)
    with header_errors():
        count_frames(whole)
        return list(flat_frames(whole))


def _pick(frames: Sequence[Dataset], number: int, place: str) -> Dataset:
    if number > len(frames):
        msg = f"{place}: its file has {len(frames)} frames, expected at least {number}."
        raise ValueError(msg)
    return frames[number - 1]


def _check_complete(place: str, header: Dataset) -> None:
    missing = [tag for tag in _REQUIRED if header.get(tag) in (None, "")]
    if missing:
        msg = f"{place}: DICOM tag {missing[0]} is missing; a DICOM SEG must refer to it."
        raise ValueError(msg)
    if int(header.get("NumberOfFrames") or 1) != 1:
        msg = f"{place}: multi-frame DICOM, and it is not said which frame it is."
        raise ValueError(msg)


def _check_fit(place: str, header: Dataset, like: Volume, index: int) -> None:
    shape = (int(header.Rows), int(header.Columns))
    if shape != like.array.shape[1:]:
        msg = (
            f"{place}: {shape[0]} rows x {shape[1]} columns do not fit the label map of "
            f"{like.array.shape[1]} x {like.array.shape[2]}. Give the files it was made of."
        )
        raise ValueError(msg)
    last_row, last_column = shape[0] - 1, shape[1] - 1
    expected = np.array([(0, 0, index), (last_column, 0, index), (0, last_row, index)])
    try:
        off = np.abs(_to_indices(_corners_mm(header), like) - expected)
    except (TypeError, ValueError):
        msg = f"{place}: the place of the image in its DICOM header is damaged."
        raise ValueError(msg) from None
    if not (off <= _accepted_voxels(like, index)).all():
        off = off.max()
        msg = (
            f"{place}: lies {off:.3g} voxels away from its place in the label map. "
            "Give the files in the order of the slices."
        )
        raise ValueError(msg)


def _accepted_voxels(like: Volume, index: int) -> npt.NDArray[np.float64]:
    """How far each of `_corners_mm` may be off, (3 corners, x y z).

    The slices of a stack that is read may be shifted and turned a little against its grid.
    """
    size_mm = np.array(like.spacing_mm[::-1])
    count, rows, columns = like.array.shape
    # Which end of the stack the grid begins at is not known here.
    shifted = shift_mm(like.spacing_mm[0], max(index, count - 1 - index))
    turned = JITTER * np.sqrt(3) * np.array([0, columns - 1, rows - 1]) * (0, *size_mm[:2])
    in_plane = np.array([shifted, shifted, 0.0])
    accepted: npt.NDArray[np.float64] = _TOLERANCE_VOXELS + (turned[:, None] + in_plane) / size_mm
    return accepted


def _corners_mm(header: Dataset) -> npt.NDArray[np.float64]:
    """First pixel, last of the first row, first of the last row."""
    first = np.asarray(header.ImagePositionPatient, dtype=np.float64)
    axes = np.asarray(header.ImageOrientationPatient, np.float64).reshape(2, 3)
    along_row, down_column = perpendicular_axes(axes)
    row_mm, column_mm = np.asarray(header.PixelSpacing, dtype=np.float64)
    return np.stack(
        [
            first,
            first + along_row * column_mm * (int(header.Columns) - 1),
            first + down_column * row_mm * (int(header.Rows) - 1),
        ]
    )


def _to_indices(points_mm: npt.NDArray[np.float64], like: Volume) -> npt.NDArray[np.float64]:
    axes = np.reshape(like.direction, (3, 3)) * np.array(like.spacing_mm[::-1])
    indices: npt.NDArray[np.float64] = np.linalg.solve(axes, (points_mm - like.origin_mm).T).T
    return indices
