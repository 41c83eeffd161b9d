"""The header of one image of a DICOM series; claims are checked before anything is decoded."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom

from shoulderseg.datasets.dicom.enhanced import (
    GROUP_TAGS,
    count_frames,
    flat_frames,
    is_enhanced,
)
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.header_checks import (
    HeaderError,
    NotAnImageError,
    header_errors,
    perpendicular_axes,
    read_geometry,
)
from shoulderseg.datasets.dicom.identity import IDENTIFYING_TAGS, Identity, read_identity
from shoulderseg.datasets.dicom.pixel_claims import check_kind, check_pixels, frame_fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pydicom import Dataset

# What scanners write is rounded; the axes are made perpendicular afterwards.
_AXES_TOLERANCE = 1e-2
_LONGEST_TEXT = 500
# SeriesInstanceUID.
_SERIES_TAG = 0x0020000E
_LOGGER = logging.getLogger(__name__)
_TAGS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "FrameOfReferenceUID",
    "Modality",
    "ImageType",
    "Rows",
    "Columns",
    "SamplesPerPixel",
    "NumberOfFrames",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PhotometricInterpretation",
    "PixelSpacing",
    "ImagePositionPatient",
    "ImageOrientationPatient",
    "SpacingBetweenSlices",
    "SliceThickness",
    "EchoNumbers",
    "EchoTime",
    "RepetitionTime",
    "FlipAngle",
    "ScanningSequence",
    "ScanOptions",
    "SequenceName",
    "TemporalPositionIdentifier",
    "AcquisitionNumber",
    "TriggerTime",
    "InstanceNumber",
    "SeriesNumber",
    "SeriesDescription",
    "ProtocolName",
    "BodyPartExamined",
    "Laterality",
    "ImageLaterality",
    "Manufacturer",
    "InversionTime",
    "RescaleSlope",
    "RescaleIntercept",
    "StackID",
    "DimensionIndexValues",
    "ConcatenationUID",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "PatientID",
    "BurnedInAnnotation",
)
# What tells the contrast of enhanced images, before it is put where single-frame ones have it.
_ENHANCED_TAGS = (
    *GROUP_TAGS,
    "EchoPulseSequence",
    "SpectrallySelectedSuppression",
    "ComplexImageComponent",
    "VolumeBasedCalculationTechnique",
)


@dataclass(frozen=True, eq=False)
class SliceHeader:
    """One image of a DICOM series, as far as its header goes.

    Attributes:
        path: The file.
        texts: The tags that are read here as text, several values joined by backslashes.
        shape: Rows and columns.
        spacing_mm: Distance of rows, and of columns.
        position_mm: Centre of the first pixel in LPS, (3,).
        axes: Direction along a row, and down a column, as unit vectors, (2, 3).
        fault: What is wrong with the pixels, as far as it shows without decoding them.
        frame: Number of the frame in a multi-frame file, from 1; 0 in a single-frame file.
        identity: Who the header tells of.
    """

    path: Path
    texts: Mapping[str, str]
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    position_mm: np.ndarray[Any, np.dtype[np.float64]]
    axes: np.ndarray[Any, np.dtype[np.float64]]
    fault: str = ""
    frame: int = 0
    identity: Identity = field(default_factory=Identity)

    def text(self, tag: str) -> str:
        """Returns the value of a tag as one line; empty where it is absent or cannot be read."""
        return self.texts.get(tag, "")

    @property
    def label(self) -> str:
        """What to call the image in messages: file names may be the patient's."""
        if self.frame:
            return f"frame {self.frame}"
        if self.is_counted:
            return f"image number {int(self.text('InstanceNumber'))}"
        return "an image without a number"

    @property
    def is_counted(self) -> bool:
        """Whether its number is one that a scanner counted to, and not the patient's."""
        number = self.text("InstanceNumber")
        return bool(re.fullmatch(r"[0-9]{1,5}", number)) and not self.names_patient(number)

    @property
    def is_annotated(self) -> bool:
        """Whether the header says that text is burnt into the pixels."""
        return self.text("BurnedInAnnotation").upper() == "YES"

    def names_patient(self, words: str) -> bool:
        """Tells whether a text holds a name or a number of the header, however spelt."""
        return self.identity.is_in(words)


def read_headers(path: Path) -> list[SliceHeader]:
    """Reads and checks the header of one DICOM file.

    Args:
        path: The file.

    Returns:
        The header of a single-frame grey MR image with a place in the patient, or one for each
        frame of an enhanced one.

    Raises:
        NotAnImageError: If the file is sound but of another kind; says of which.
        HeaderError: If the header is damaged or a claim in it cannot be; names the tag, and tells
            which image of which series it was, as far as that was read.
        OSError: If the file cannot be opened.
    """
    with header_errors():
        with path.open("rb") as stream:
            dataset = read_dataset(stream, [*_TAGS, *_ENHANCED_TAGS, *IDENTIFYING_TAGS])
            left = path.stat().st_size - stream.tell()
        identity = read_identity(dataset)
        try:
            with header_errors():
                return _checked(path, dataset, left, identity)
        except NotAnImageError as error:
            raise NotAnImageError(identity.hide_numbers(str(error))) from None
        except HeaderError as error:
            told = type(error)(identity.hide_numbers(str(error)))
            told.series = _text(dataset, "SeriesInstanceUID")
            # Tags come in order: what follows it shows that it was read to its end.
            told.is_series_whole = left > 0 or max(dataset.keys(), default=0) > _SERIES_TAG
            told.instance = _text(dataset, "SOPInstanceUID")
            raise told from None


def _checked(path: Path, dataset: Dataset, left: int, identity: Identity) -> list[SliceHeader]:
    check_kind(dataset)
    shape = check_pixels(dataset)
    whole = partial(_slice_header, path, identity, shape)
    if not is_enhanced(dataset):
        return [whole(dataset, frame_fault(dataset, left))]
    count = count_frames(dataset)
    missing = partial(frame_fault, dataset, left)
    return [
        whole(frame, missing(number, count), number)
        for number, frame in enumerate(flat_frames(dataset), start=1)
    ]


def _slice_header(
    path: Path,
    identity: Identity,
    shape: tuple[int, int],
    dataset: Dataset,
    fault: str,
    frame: int = 0,
) -> SliceHeader:
    spacing_mm, position_mm, axes = read_geometry(dataset, _AXES_TOLERANCE)
    texts = {tag: _text(dataset, tag) for tag in _TAGS}
    axes = perpendicular_axes(axes)
    return SliceHeader(path, texts, shape, spacing_mm, position_mm, axes, fault, frame, identity)


def _text(dataset: Dataset, tag: str) -> str:
    """Values are converted now: later an odd one would be nobody's fault."""
    try:
        value = dataset.get(tag)
        if value is None or isinstance(value, pydicom.Sequence):
            return ""
        many = value if isinstance(value, list | tuple | pydicom.multival.MultiValue) else [value]
        text = "\\".join(str(item).strip() for item in many)
        if len(text) > _LONGEST_TEXT:
            # Half a name would not be known as one.
            text = re.sub(r"[^\W_]*$", "", text[:_LONGEST_TEXT])
        # One line, with nothing that a terminal would obey.
        return "".join(sign if sign.isprintable() else " " for sign in text)
    except Exception:
        # Any tag but those checked above may be anything, and is then as good as absent.
        _LOGGER.debug("tag %s cannot be read", tag)
        return ""
