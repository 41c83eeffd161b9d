"""A phantom as a DICOM series that every reader takes and nobody takes for a patient.

Attributes follow DICOM PS3.3, A.4 (MR Image IOD) with C.8.3.1 (MR Image module). Image type is
ORIGINAL: no other images were its source, and common importers skip DERIVED ones. That the series
is synthetic stands in the patient's name, the descriptions, the manufacturer, and in the attributes
made for it, Synthetic Data (0008,001C) and Quality Control Image (0028,0300).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from pydicom.valuerep import format_number_as_ds

from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.phantom.scanner.equations import PROTON_MHZ_PER_T
from shoulderseg.datasets.phantom.scanner.signals import FAT_SATURATED, GRADIENT_ECHO, TURBO

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy.typing as npt

    from shoulderseg.datasets.phantom.case import PhantomCase
    from shoulderseg.datasets.phantom.scanner.protocol import Protocol

NOT_A_PATIENT = "SYNTHETIC PHANTOM NOT A PATIENT"
# Not the day of writing: the same seed gives the same bytes.
_DATE, _TIME = "20000101", "120000"


@dataclass(frozen=True)
class SeriesIdentity:
    """What tells one series from all others.

    Attributes:
        number: Of the phantom, for its name and ID.
        origin: All that the phantom was made from, as text; the UIDs are derived from it.
        study: The same of all series of its examination; empty for a series by itself.
        series_number: Its place among them, from 1.
    """

    number: int
    origin: str
    study: str = ""
    series_number: int = 1


def write_series(folder: Path, case: PhantomCase, identity: SeriesIdentity) -> None:
    """Writes the image of a phantom, one file a slice: `IM0001.dcm`, `IM0002.dcm`, ...

    Args:
        folder: Folder to make; it must not exist.
        case: The phantom. Its image holds 0 to 65535; its parameters hold the person's sex and
            side under `dimensions`.
        identity: Name and UIDs of the series.

    Raises:
        ValueError: If a value does not fit 16 bits, or the slices are stacked left-handedly, which
            readers would turn round.
        OSError: If the folder exists or a file cannot be written.
    """
    image = case.image
    axes = np.reshape(image.direction, (3, 3))
    if np.linalg.det(axes) < 0:
        msg = (
            "The image axes are left-handed, expected right-handed ones: DICOM readers sort slices."
        )
        raise ValueError(msg)
    low, high = int(image.array.min()), int(image.array.max())
    if low < 0 or high > np.iinfo(np.uint16).max:
        msg = f"Image values are {low} to {high}, expected 0 to 65535 to store them in 16 bits."
        raise ValueError(msg)
    common = _series(case, identity)
    _describe_pixels(common, image.array)
    folder.mkdir(parents=True)
    for index, pixels in enumerate(image.array):
        centre_mm = image.origin_mm + axes[:, 2] * image.spacing_mm[0] * index
        dataset = Dataset()
        dataset.update(common)
        dataset.SOPInstanceUID = _uid(identity, f"image {index + 1}")
        dataset.InstanceNumber = index + 1
        dataset.ImagePositionPatient = _decimals(centre_mm)
        dataset.SliceLocation = _decimals([float(axes[:, 2] @ centre_mm)])[0]
        dataset.PixelData = pixels.astype("<u2").tobytes()
        _save(folder / f"IM{index + 1:04d}.dcm", dataset)


def _series(case: PhantomCase, identity: SeriesIdentity) -> Dataset:
    """Attributes that all slices share, without those of the pixels."""
    protocol, person = case.protocol, case.parameters["dimensions"]
    dataset = Dataset()
    dataset.SOPClassUID = MRImageStorage
    shared = replace(identity, origin=identity.study or identity.origin)
    dataset.StudyInstanceUID = _uid(shared, "study")
    dataset.SeriesInstanceUID = _uid(identity, "series")
    dataset.FrameOfReferenceUID = _uid(shared, "frame of reference")
    dataset.PatientName = f"Nobody^Number {identity.number:04d}"
    dataset.PatientID = f"PHANTOM-{identity.number:04d}"
    dataset.PatientSex = "F" if person["sex"] == "female" else "M"
    dataset.PatientBirthDate = dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.PatientComments = NOT_A_PATIENT
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = "Computer generated, there is no patient"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = _DATE
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = _TIME
    dataset.StudyID = str(identity.number)
    dataset.StudyDescription = NOT_A_PATIENT
    dataset.SeriesDescription = f"{NOT_A_PATIENT} {protocol.sequence} {protocol.plane}"
    dataset.ImageComments = f"{NOT_A_PATIENT}, {case.parameters['contrast']} contrast"
    dataset.SyntheticData = dataset.QualityControlImage = "YES"
    dataset.Modality = "MR"
    dataset.Manufacturer = dataset.ManufacturerModelName = "shoulderseg phantom"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "OTHER"]
    dataset.SeriesNumber, dataset.AcquisitionNumber = identity.series_number, 1
    dataset.BodyPartExamined = "SHOULDER"
    dataset.Laterality = "R" if person["side"] == "right" else "L"
    dataset.PatientPosition = "HFS"
    dataset.PositionReferenceIndicator = ""
    _describe_scan(dataset, protocol)
    axes = np.reshape(case.image.direction, (3, 3))
    dataset.ImageOrientationPatient = _decimals(axes[:, :2].T.ravel())
    depth_mm, *row_and_column_mm = case.image.spacing_mm
    dataset.PixelSpacing = _decimals(row_and_column_mm)
    dataset.SpacingBetweenSlices = _decimals([depth_mm])[0]
    dataset.SliceThickness = _decimals([case.grid.thickness_mm])[0]
    return dataset


def _describe_scan(dataset: Dataset, protocol: Protocol) -> None:
    gradient, turbo = protocol.sequence in GRADIENT_ECHO, protocol.sequence in TURBO
    volume = protocol.plane == "isotropic"
    rows, columns = (
        max(1, round(count * share))
        for count, share in zip(protocol.shape[1:], protocol.acquired_fraction, strict=True)
    )
    along_y = protocol.phase_axis == 1
    dataset.ProtocolName = f"synthetic {protocol.sequence} {protocol.plane}"
    dataset.SequenceName = protocol.sequence
    inverted = protocol.sequence == "stir"
    dataset.ScanningSequence = "GR" if gradient else ["SE", "IR"] if inverted else "SE"
    dataset.SequenceVariant = "SP" if gradient else "SK" if turbo else "NONE"
    dataset.ScanOptions = "FS" if protocol.sequence in FAT_SATURATED else ""
    dataset.MRAcquisitionType = "3D" if volume else "2D"
    for name, value in (
        ("RepetitionTime", protocol.tr_ms),
        ("EchoTime", protocol.te_ms),
        ("FlipAngle", protocol.flip_deg),
        ("MagneticFieldStrength", protocol.field_t),
        ("ImagingFrequency", protocol.field_t * PROTON_MHZ_PER_T),
        ("PixelBandwidth", protocol.bandwidth_hz),
        ("NumberOfAverages", 1),
    ):
        setattr(dataset, name, _decimals([value])[0])
    if inverted:
        dataset.InversionTime = _decimals([protocol.inversion_ms])[0]
    dataset.EchoTrainLength = protocol.echo_train
    dataset.EchoNumbers = 1
    dataset.ImagedNucleus = "1H"
    # Frequency rows and columns, then phase rows and columns; two of the four are zero.
    dataset.AcquisitionMatrix = [0, columns, rows, 0] if along_y else [rows, 0, 0, columns]
    dataset.InPlanePhaseEncodingDirection = "COL" if along_y else "ROW"


def _describe_pixels(dataset: Dataset, array: npt.NDArray[np.integer]) -> None:
    _, dataset.Rows, dataset.Columns = array.shape
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = 16
    dataset.BitsStored = 12 if array.max() < 1 << 12 else 16
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = 0
    # Nearly all grey values are seen, a few bright ones close to the coil are cut off.
    low, high = np.percentile(array, (1, 99.5))
    dataset.WindowCenter = _decimals([(low + high) / 2])[0]
    dataset.WindowWidth = _decimals([max(high - low, 1)])[0]


def _save(path: Path, dataset: Dataset) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    with silence_dicom_libraries():
        pydicom.dcmwrite(path, dataset, enforce_file_format=True)


def _uid(identity: SeriesIdentity, what: str) -> str:
    return str(generate_uid(entropy_srcs=[f"{identity.number}\n{what}\n{identity.origin}"]))


def _decimals(numbers: Iterable[float]) -> list[str]:
    """Numbers as precisely as the 16 characters of a decimal string can hold."""
    return [format_number_as_ds(float(number)) for number in numbers]
