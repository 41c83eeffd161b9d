"""DICOM Segmentation objects (SEG) from label maps.

A SEG belongs to the study of its source images, so the standard asks for a copy of the patient's
and the study's data: name, number, birth date and sex as they stand in the source. Handle a SEG
with the same care as its source images.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import highdicom
import numpy as np
from pydicom.sr.codedict import codes

from shoulderseg.datasets.dicom.derived import (
    NAME,
    NOTICE,
    derived_uid,
    dicom_code,
    fill_in,
    series_number,
)
from shoulderseg.datasets.dicom.frame_references import as_single_frames, refer_to_frames
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.dicom_source import read_source_headers, share_axes
from shoulderseg.datasets.labels import CATEGORY, describe_labels
from shoulderseg.datasets.output_file import replaced_file
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt
    from pydicom import Dataset

    from shoulderseg.datasets.labels import Label

_SERIES = "shoulderseg bones, research use only"


@dataclass(frozen=True)
class SegOptions:
    """How a SEG is made.

    Attributes:
        kind: `BINARY`, one frame a slice and bone, which most viewers read; or `LABELMAP`, one
            frame a slice, of DICOM 2024 and later.
        frames: Number of each slice's frame in its file, from 1; empty for single-frame files.
        made: When the segmentation was made. With the rest of the input it decides the UIDs: the
            same input gives the same bytes.
    """

    kind: Literal["BINARY", "LABELMAP"] = "BINARY"
    frames: tuple[int, ...] = ()
    made: datetime = field(default_factory=datetime.now)


def write_dicom_seg(
    path: Path,
    label_map: npt.NDArray[np.uint8],
    like: Volume,
    source_files: Sequence[Path],
    labels: Sequence[Label] = (),
    options: SegOptions | None = None,
) -> None:
    """Writes a label map as a DICOM SEG that refers to its source images.

    Segment numbers are 1, 2, ... in the order of the labels. Slices without a bone are left out,
    unless there is no bone at all. The file holds the patient's data of the source images.

    Args:
        path: The file; an existing one is replaced.
        label_map: Labels, uint8, shape (Z, Y, X).
        like: The volume read from the source files, shape (Z, Y, X).
        source_files: The DICOM file of each slice, in the order of the slices.
        labels: The labels to write; default: humerus and glenoid.
        options: Kind and time.

    Raises:
        ValueError: If the label map does not fit the volume or holds a label that is not described,
            if the source files do not fit, or if a header does not allow for a SEG. Messages hold
            no header values.
        OSError: If a file cannot be read or written. No partial file is left.
    """
    labels = labels or describe_labels()
    options = options or SegOptions()
    segments = _as_segments(label_map, like, labels)
    with silence_dicom_libraries():
        headers = read_source_headers(source_files, like, options.frames)
        try:
            origins = as_single_frames(headers, options.frames)
            for header in headers:
                fill_in(header, float(like.spacing_mm[0]))
            share_axes(headers, like)
            dataset = _build(segments, headers, labels, options)
            refer_to_frames(dataset, origins)
        except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
            # The library's own message may quote the patient's data.
            msg = (
                "the headers of the DICOM source files do not allow for a DICOM SEG "
                f"({type(error).__name__}). Choose another format."
            )
            raise ValueError(msg) from None
        with replaced_file(path) as part:
            dataset.save_as(part, enforce_file_format=True)


def _as_segments(
    label_map: npt.NDArray[np.uint8], like: Volume, labels: Sequence[Label]
) -> npt.NDArray[np.uint8]:
    if label_map.shape != like.array.shape or label_map.dtype != np.uint8:
        msg = (
            f"Label map is {label_map.dtype} of shape {label_map.shape}, expected uint8 of shape "
            f"{like.array.shape} (Z, Y, X). Write it on the grid it was computed on."
        )
        raise ValueError(msg)
    unknown = set(np.unique(label_map).tolist()) - {0} - {label.value for label in labels}
    if unknown:
        msg = f"Label map holds values that no label describes: {sorted(unknown)}."
        raise ValueError(msg)
    lookup = np.zeros(256, dtype=np.uint8)
    for number, label in enumerate(labels, start=1):
        lookup[label.value] = number
    return lookup[label_map]


def _build(
    segments: npt.NDArray[np.uint8],
    headers: Sequence[Dataset],
    labels: Sequence[Label],
    options: SegOptions,
) -> highdicom.seg.Segmentation:
    release, made = version(NAME), options.made
    content = hashlib.sha256(segments.tobytes())
    for part in (options, labels, release, [header.SOPInstanceUID for header in headers]):
        content.update(repr(part).encode())
    dataset = highdicom.seg.Segmentation(
        source_images=headers,
        pixel_array=segments,
        segmentation_type=options.kind,
        segment_descriptions=[
            _describe(number, label, release) for number, label in enumerate(labels, start=1)
        ],
        series_instance_uid=derived_uid(content.hexdigest(), "series"),
        series_number=1000 + series_number(headers[0]),
        sop_instance_uid=derived_uid(content.hexdigest(), "instance"),
        instance_number=1,
        manufacturer=NAME,
        manufacturer_model_name=NAME,
        software_versions=release,
        device_serial_number="none",
        content_description=NOTICE,
        content_label="SHOULDERSEG",
        series_description=_SERIES,
        content_date=made.date(),
        content_time=made.time(),
        series_date=made.date(),
        series_time=made.time(),
        omit_empty_frames=True,
    )
    _make_repeatable(dataset, made, derived_uid(content.hexdigest(), "dimensions"))
    return dataset


def _make_repeatable(dataset: Dataset, made: datetime, dimensions: str) -> None:
    """Replaces what the library takes from the clock and from chance."""
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = made.date(), made.time()
    for equipment in dataset.ContributingEquipmentSequence:
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = made
    dataset.DimensionOrganizationSequence[0].DimensionOrganizationUID = dimensions
    for index in dataset.DimensionIndexSequence:
        index.DimensionOrganizationUID = dimensions


def _describe(number: int, label: Label, release: str) -> highdicom.seg.SegmentDescription:
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=label.name,
        segmented_property_category=dicom_code(CATEGORY),
        segmented_property_type=dicom_code(label.kind),
        algorithm_type="AUTOMATIC",
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name=f"{NAME} (research use only)",
            family=codes.cid7162.ArtificialIntelligence,
            version=release,
        ),
        display_color=highdicom.color.CIELabColor.from_rgb(*label.colour),
    )
