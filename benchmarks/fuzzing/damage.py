"""Valid images, and damage to them; the same seed and number give the same file."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, MRImageStorage, generate_uid

from benchmarks.fuzzing.multi_frame import write_enhanced
from benchmarks.fuzzing.pictures import write_png, write_tiff

KINDS = ("nii", "nii.gz", "dicom", "enhanced", "tif", "png")
_OTHERS = ("enhanced", "tif", "png")
SHAPE = (5, 20, 24)
# Oblique, and of three different steps.
_AXES = np.linalg.qr(np.array([[0.8, 0.5, -0.3], [0.1, 0.3, 0.9], [-0.6, 0.8, 0.2]]))[0]
_SPACING_XYZ = np.array([0.5, 0.7, 3.3])
_NIFTI_HEADER = 348
# Where numbers of a NIfTI-1 header begin: sizes, type, spacing, scaling, codes, transforms.
_NIFTI_NUMBERS = (
    [(40 + 2 * k, "h") for k in range(8)]
    + [(70, "h"), (72, "h")]
    + [(76 + 4 * k, "f") for k in range(8)]
    + [(108, "f"), (112, "f"), (116, "f"), (123, "b"), (252, "h"), (254, "h")]
    + [(256 + 4 * k, "f") for k in range(18)]
)
_EXTREME = {
    "h": (-32768, -1, 0, 1, 2, 3, 7, 8, 16, 64, 512, 1024, 32767),
    "f": (0.0, -1.0, 1e-30, 1e-3, 1.0, 1e30, float("nan"), float("inf"), float("-inf")),
    "b": (-128, -1, 0, 1, 2, 3, 8, 127),
}


def damaged_file(folder: Path, seed: int, number: int) -> tuple[str, Path]:
    """Writes one damaged file; a DICOM one lies in a series of sound ones.

    Args:
        folder: An empty folder.
        seed: Of all the damage.
        number: Of the file; the kinds take turns.

    Returns:
        The kind, and the folder for DICOM, the file for others.
    """
    rng = np.random.default_rng([seed, number])
    kind = KINDS[number % len(KINDS)]
    if kind == "dicom":
        paths = _write_series(folder, rng)
        path = paths[int(rng.integers(len(paths)))]
        path.write_bytes(_damage(path.read_bytes(), rng))
        return kind, folder
    if kind in _OTHERS:
        return kind, _write_other(folder, kind, rng)
    path = folder / f"image.{kind}"
    data = _nifti(rng)
    if kind == "nii":
        path.write_bytes(_damage_nifti(data, rng))
    elif rng.random() < 0.5:
        path.write_bytes(gzip.compress(_damage_nifti(data, rng), 1, mtime=0))
    else:
        path.write_bytes(_damage(gzip.compress(data, 1, mtime=0), rng))
    return kind, path


def _write_other(folder: Path, kind: str, rng: np.random.Generator) -> Path:
    path = folder / f"image.{'dcm' if kind == 'enhanced' else kind}"
    pixels = rng.integers(0, 4000, SHAPE).astype(np.uint16)
    if kind == "enhanced":
        normal = np.cross(_AXES[:, 0], _AXES[:, 1])
        write_enhanced(path, pixels, np.column_stack([_AXES[:, :2], normal]), rng)
    elif kind == "tif":
        write_tiff(path, pixels[0], rng)
    else:
        write_png(path, pixels[0], rng)
    path.write_bytes(_damage(path.read_bytes(), rng))
    return folder if kind == "enhanced" else path


def _voxels(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    kind = ("u1", "<i2", "<u2", "<f4")[int(rng.integers(4))]
    found: np.ndarray[tuple[int, ...], np.dtype[np.generic]] = rng.integers(0, 200, SHAPE).astype(
        kind
    )
    return found


def _nifti(rng: np.random.Generator) -> bytes:
    affine = np.eye(4)
    affine[:3, :3] = _AXES * _SPACING_XYZ
    affine[:3, 3] = [-10.5, 20.25, 3.125]
    image = nibabel.nifti1.Nifti1Image(_voxels(rng).T, affine)
    image.header.set_xyzt_units("mm")
    image.set_qform(affine, code=int(rng.integers(0, 3)))
    image.set_sform(affine, code=int(rng.integers(0, 3)))
    return bytes(image.to_bytes())


def _damage_nifti(data: bytes, rng: np.random.Generator) -> bytes:
    """Half of the time one or two numbers of the header, the rest of the time anything."""
    if rng.random() < 0.5:
        return _damage(data, rng)
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 3))):
        place, form = _NIFTI_NUMBERS[int(rng.integers(len(_NIFTI_NUMBERS)))]
        value = _EXTREME[form][int(rng.integers(len(_EXTREME[form])))]
        changed[place : place + struct.calcsize(form)] = struct.pack(f"<{form}", value)
    return bytes(changed)


def _damage(data: bytes, rng: np.random.Generator) -> bytes:
    """Bits flipped, bytes set, a piece cut out or doubled, or the end cut off."""
    changed = bytearray(data)
    # Headers come first and are short; most of the damage goes there.
    reach = len(data) if rng.random() < 0.3 else min(len(data), 2048)
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(max(1, min(reach, len(changed)))))
        way = int(rng.integers(5))
        if way == 0:
            changed[place] ^= 1 << int(rng.integers(8))
        elif way == 1:
            changed[place] = int(rng.choice([0, 1, 127, 128, 255, 32, 92]))
        elif way == 2:
            del changed[place : place + int(rng.integers(1, 64))]
        elif way == 3:
            changed[place:place] = changed[place : place + int(rng.integers(1, 64))]
        else:
            del changed[place + 1 :]
    return bytes(changed)


def _write_series(folder: Path, rng: np.random.Generator) -> list[Path]:
    pixels = rng.integers(0, 4000, SHAPE).astype("<u2")
    normal = np.cross(_AXES[:, 0], _AXES[:, 1])
    syntax = ExplicitVRLittleEndian if rng.random() < 0.5 else ImplicitVRLittleEndian
    paths = []
    for index, plane in enumerate(pixels):
        dataset = Dataset()
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
        dataset.SOPInstanceUID = generate_uid(entropy_srcs=[f"image {index}"])
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series"])
        dataset.Modality, dataset.ImageType = "MR", ["ORIGINAL", "PRIMARY", "M"]
        dataset.PatientName, dataset.PatientID = "Doe^Jane", "MRN123456"
        dataset.EchoTime, dataset.RepetitionTime, dataset.InstanceNumber = 30, 3000, index + 1
        dataset.PixelSpacing = [0.7, 0.5]
        dataset.SliceThickness = 3.0
        dataset.ImageOrientationPatient = [*_AXES[:, 0].round(9), *_AXES[:, 1].round(9)]
        dataset.ImagePositionPatient = [*(3.3 * index * normal).round(9)]
        dataset.Rows, dataset.Columns = plane.shape
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
        dataset.PixelRepresentation = 0
        dataset.PixelData = plane.tobytes()
        paths.append(folder / f"{index}.dcm")
        pydicom.dcmwrite(paths[-1], dataset, enforce_file_format=True)
    return paths
