"""DICOM Structured Reports (SR) of measures, after TID 1500 of PS3.16.

An SR belongs to the study of its source images, so that, like a DICOM SEG, it holds the patient's
data as they stand there. Handle it with the same care as its source images.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

from highdicom import sr
from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes

from shoulderseg.datasets.dicom.derived import NAME, derived_uid, fill_in, series_number
from shoulderseg.datasets.dicom.file import read_dataset
from shoulderseg.datasets.dicom.measure_codes import SCHEME, SCHEME_NAME, unit_code
from shoulderseg.datasets.dicom.silence import silence_dicom_libraries
from shoulderseg.datasets.dicom.sr_groups import ReportedBone, bone_group
from shoulderseg.datasets.dicom_source import read_source_headers
from shoulderseg.datasets.output_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydicom import Dataset

    from shoulderseg.datasets.volume import Volume

_SERIES = "shoulderseg measures, research use only"


@dataclass(frozen=True)
class SourceSeries:
    """A series that was measured.

    Attributes:
        like: The volume that was read from its files.
        files: The DICOM file of each slice, in the order of the slices.
        frames: Number of each slice's frame in its file, from 1; empty for single-frame files.
    """

    like: Volume
    files: Sequence[Path]
    frames: tuple[int, ...] = ()


@dataclass(frozen=True)
class SrOptions:
    """How an SR is made.

    Attributes:
        segmentation: The DICOM SEG whose segments were measured; None without one.
        side: left or right; empty if unknown.
        made: When it was measured. With the rest of the input it decides the UIDs: the same input
            gives the same bytes.
    """

    segmentation: Path | None = None
    side: str = ""
    made: datetime = field(default_factory=datetime.now)


def write_dicom_sr(
    path: Path,
    bones: Sequence[ReportedBone],
    series: Sequence[SourceSeries],
    options: SrOptions | None = None,
) -> None:
    """Writes the measures of bones as a DICOM SR that refers to what was measured.

    Args:
        path: The file; an existing one is replaced.
        bones: The bones, each with at least one measure.
        series: What was measured, of one study; the first one's patient is the SR's.
        options: The segmentation, the side, the time.

    Raises:
        ValueError: If there is no bone or no series, a unit is not known, the source files do not
            fit, or a header does not allow for an SR. Messages hold no header values.
        OSError: If a file cannot be read or written. No partial file is left.
    """
    if not bones or not series:
        msg = f"found {len(bones)} bones and {len(series)} series to report, expected one or more"
        raise ValueError(msg)
    options = options or SrOptions()
    for measure in (measure for bone in bones for measure in bone.measures):
        unit_code(measure.unit)
    with silence_dicom_libraries():
        read = [read_source_headers(one.files, one.like, one.frames) for one in series]
        try:
            images = _filled(series, read)
            evidence = images
            if options.segmentation is not None:
                evidence = [*images, read_dataset(options.segmentation)]
            dataset = _build(bones, evidence, images, options)
        except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
            # The library's own message may quote the patient's data.
            msg = (
                "the headers of the DICOM source files do not allow for a DICOM SR "
                f"({type(error).__name__}). The measures are in the run report all the same."
            )
            raise ValueError(msg) from None
        with replaced_file(path) as part:
            dataset.save_as(part, enforce_file_format=True)


def _filled(series: Sequence[SourceSeries], headers: Sequence[Sequence[Dataset]]) -> list[Dataset]:
    """The headers of all files, each once: of a multi-frame file that of its first frame here."""
    found: dict[str, Dataset] = {}
    for one, of_series in zip(series, headers, strict=True):
        for header in of_series:
            fill_in(header, float(one.like.spacing_mm[0]))
            found.setdefault(str(header.SOPInstanceUID), header)
    return list(found.values())


def _build(
    bones: Sequence[ReportedBone],
    evidence: Sequence[Dataset],
    images: Sequence[Dataset],
    options: SrOptions,
) -> sr.ComprehensiveSR:
    release, made = version(NAME), options.made
    content = hashlib.sha256()
    instances = [str(dataset.SOPInstanceUID) for dataset in evidence]
    for part in (bones, options.side, made, release, instances):
        content.update(repr(part).encode())
    digest = content.hexdigest()
    segmentation = evidence[-1] if options.segmentation is not None else None
    groups = [
        bone_group(bone, segmentation, images[0], options.side, derived_uid(digest, bone.name))
        for bone in bones
    ]
    report = sr.MeasurementReport(
        observation_context=_observer(release),
        procedure_reported=codes.LN.MRIUnspecifiedBodyRegion,
        imaging_measurements=groups,
        referenced_images=images,
    )
    dataset = sr.ComprehensiveSR(
        evidence=evidence,
        content=report,
        series_instance_uid=derived_uid(digest, "series"),
        series_number=2000 + series_number(images[0]),
        sop_instance_uid=derived_uid(digest, "instance"),
        instance_number=1,
        is_complete=True,
        manufacturer=NAME,
        manufacturer_model_name=NAME,
        software_versions=release,
        device_serial_number="none",
        series_description=_SERIES,
        coding_schemes=[CodingSchemeIdentificationItem(SCHEME, SCHEME_NAME)],
        content_date=made.date(),
        content_time=made.time(),
        series_date=made.date(),
        series_time=made.time(),
    )
    _make_repeatable(dataset, made)
    return dataset


def _observer(release: str) -> sr.ObservationContext:
    """The program, which nobody looks over the shoulder of."""
    device = sr.DeviceObserverIdentifyingAttributes(
        uid=derived_uid(NAME, release),
        name=f"{NAME} (research use only)",
        manufacturer_name=NAME,
        model_name=f"{NAME} {release}",
    )
    context = sr.ObserverContext(
        observer_type=codes.DCM.Device, observer_identifying_attributes=device
    )
    return sr.ObservationContext(observer_device_context=context)


def _make_repeatable(dataset: Dataset, made: datetime) -> None:
    """Replaces what the library takes from the clock."""
    dataset.InstanceCreationDate, dataset.InstanceCreationTime = made.date(), made.time()
    for equipment in dataset.get("ContributingEquipmentSequence", ()):
        if "ContributionDateTime" in equipment:
            equipment.ContributionDateTime = made
