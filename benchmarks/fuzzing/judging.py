"""What became of a damaged image, and whether another library agrees."""

from __future__ import annotations

import contextlib
import gzip
import logging
import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel
import numpy as np
import pydicom

from benchmarks.fuzzing.pictures import read_by_pillow
from shoulderseg.datasets.converters.slice_file import read_slice
from shoulderseg.workflows.inputs.discover import find_inputs

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.inputs.case_input import CaseInput

_CLOSE_MM = 1e-2


class Outcome(StrEnum):
    """What became of a file."""

    READ = "read"
    REFUSED = "refused"
    WRONG = "wrong geometry or values"
    ESCAPED = "other exception"
    CRASH = "crash"
    HANG = "hang"


def judge_file(kind: str, path: Path) -> tuple[Outcome, str]:
    """Reads a file as the commands do.

    Args:
        kind: One of `KINDS`.
        path: The file, or a folder for DICOM.

    Returns:
        The outcome, and what is wrong.
    """
    if kind in ("tif", "png"):
        return _judge_picture(path)
    try:
        cases = find_inputs(path).cases
    except (ValueError, OSError):
        return Outcome.REFUSED, ""
    except Exception as error:
        return Outcome.ESCAPED, repr(error)
    outcome = Outcome.REFUSED
    for case in cases:
        warned = _Warned()
        try:
            with warned:
                volume = case.load()
        except (ValueError, OSError, MemoryError):
            continue
        except Exception as error:
            return Outcome.ESCAPED, repr(error)
        wrong = _difference(kind, case, volume, doubted=warned.of_orientation)
        if wrong:
            return Outcome.WRONG, wrong
        outcome = Outcome.READ
    return outcome, ""


def _judge_picture(path: Path) -> tuple[Outcome, str]:
    try:
        array, _ = read_slice(path)
    except (ValueError, OSError, MemoryError):
        return Outcome.REFUSED, ""
    except Exception as error:
        return Outcome.ESCAPED, repr(error)
    other = read_by_pillow(path)
    if other is None:
        return Outcome.READ, ""
    if other.shape != array.shape:
        return Outcome.WRONG, f"shape {array.shape}, Pillow has {other.shape}"
    return (Outcome.READ, "") if np.array_equal(array, other) else (Outcome.WRONG, "values differ")


class _Warned(logging.Handler):
    """Notes whether a doubt about the orientation was told: it is not silent then."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.of_orientation = False

    def emit(self, record: logging.LogRecord) -> None:
        """Takes a message."""
        text = record.getMessage()
        self.of_orientation |= "orientation" in text or "disagree" in text

    def __enter__(self) -> None:
        """Listens."""
        logging.getLogger("shoulderseg").addHandler(self)

    def __exit__(self, *_: object) -> None:
        """Listens no longer."""
        logging.getLogger("shoulderseg").removeHandler(self)


def _difference(kind: str, case: CaseInput, volume: Volume, *, doubted: bool) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        single = kind in ("dicom", "enhanced")
        wanted = _by_pydicom(case) if single else _by_nibabel(case.path)
    if wanted is None:
        return "read here, refused by the other library"
    affine, array = wanted
    own = _affine(volume)
    corner = np.array([*np.array(volume.array.shape[::-1]) - 1, 1.0])
    for place in (np.array([0, 0, 0, 1.0]), corner):
        gap = float(np.linalg.norm((own @ place - affine @ place)[:3]))
        if not doubted and not gap <= _CLOSE_MM * max(1.0, float(np.abs(affine).max()) / 100):
            return f"a corner lies {gap:.3g} mm away"
    if array.shape != volume.array.shape:
        return f"shape {volume.array.shape}, the other library has {array.shape}"
    if not np.allclose(volume.array, array, rtol=1e-4, atol=1e-3):
        return "voxels differ"
    return ""


def _affine(volume: Volume) -> npt.NDArray[np.float64]:
    """From voxel (x, y, z) to LPS."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(volume.direction, (3, 3)) * np.array(volume.spacing_mm[::-1])
    affine[:3, 3] = volume.origin_mm
    return affine


def _by_nibabel(path: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]] | None:
    with contextlib.suppress(Exception):
        data = path.read_bytes()
        raw = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        image = nibabel.nifti1.Nifti1Image.from_bytes(raw)
        array = np.asarray(image.get_fdata())
        while array.ndim > 3:
            array = array[..., 0]
        while array.ndim < 3:
            array = array[..., None]
        scale = {1: 1000.0, 3: 0.001}.get(int(image.header["xyzt_units"]) & 7, 1.0)
        affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
        affine[:3] *= scale
        return affine, array.T
    return None


def _by_pydicom(case: CaseInput) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]] | None:
    with contextlib.suppress(Exception):
        if case.source_frames:
            return _by_frames(pydicom.dcmread(case.path), case.source_frames)
        slices = [pydicom.dcmread(path) for path in case.source_files]
        planes = [
            s.pixel_array * float(s.get("RescaleSlope", 1)) + float(s.get("RescaleIntercept", 0))
            for s in slices
        ]
        axes = np.array(slices[0].ImageOrientationPatient, float).reshape(2, 3)
        places = np.array([s.ImagePositionPatient for s in slices], float)
        rows_mm, columns_mm = map(float, slices[0].PixelSpacing)
        affine = np.eye(4)
        affine[:3, 0], affine[:3, 1] = axes[0] * columns_mm, axes[1] * rows_mm
        if len(slices) > 1:
            affine[:3, 2] = (places[-1] - places[0]) / (len(slices) - 1)
        affine[:3, 3] = places[0]
        return affine, np.stack(planes)
    return None


def _by_frames(
    whole: pydicom.Dataset, numbers: tuple[int, ...]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[Any]]:
    """The frames of an enhanced image, from the bare attributes of their functional groups."""
    shared = whole.SharedFunctionalGroupsSequence[0]
    own = [whole.PerFrameFunctionalGroupsSequence[number - 1] for number in numbers]
    rows, columns = int(whole.Rows), int(whole.Columns)
    kind = np.dtype("<i2" if whole.PixelRepresentation else "<u2")
    planes = []
    for number, group in zip(numbers, own, strict=True):
        rescale = group.get("PixelValueTransformationSequence") or [pydicom.Dataset()]
        slope, intercept = (
            default if rescale[0].get(tag) is None else float(rescale[0][tag].value)
            for tag, default in (("RescaleSlope", 1.0), ("RescaleIntercept", 0.0))
        )
        # Other frames may be cut off.
        start = (number - 1) * rows * columns * kind.itemsize
        plane = np.frombuffer(whole.PixelData, kind, rows * columns, start).reshape(rows, columns)
        planes.append(plane * slope + intercept)
    axes = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    rows_mm, columns_mm = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    places = np.array([g.PlanePositionSequence[0].ImagePositionPatient for g in own], float)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = axes[:3] * columns_mm, axes[3:] * rows_mm
    if len(own) > 1:
        affine[:3, 2] = (places[-1] - places[0]) / (len(own) - 1)
    affine[:3, 3] = places[0]
    return affine, np.stack(planes)
