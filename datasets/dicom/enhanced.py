"""Enhanced (multi-frame) MR: each frame as the single-frame image it stands for.

What single-frame images hold at their top lies in functional groups here, shared by all frames or
of one frame (DICOM PS3.3 C.7.6.16, C.8.13). Legacy converted images keep what no group takes in
sequences of unassigned attributes (C.7.6.16.2.25). Once a frame is flat, it is grouped, ordered and
refused by the same rules as a file of its own.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID

from shoulderseg.datasets.dicom.header_checks import HeaderError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

GROUP_TAGS = (
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
    "DimensionIndexSequence",
)
# Far above any scanner: a larger claim is a damaged header.
MOST_FRAMES = 65536
# Group, attribute in it, and what a single-frame image calls it.
_MOVED = (
    ("PixelMeasuresSequence", "PixelSpacing", "PixelSpacing"),
    ("PixelMeasuresSequence", "SliceThickness", "SliceThickness"),
    ("PixelMeasuresSequence", "SpacingBetweenSlices", "SpacingBetweenSlices"),
    ("PlanePositionSequence", "ImagePositionPatient", "ImagePositionPatient"),
    ("PlaneOrientationSequence", "ImageOrientationPatient", "ImageOrientationPatient"),
    ("PixelValueTransformationSequence", "RescaleSlope", "RescaleSlope"),
    ("PixelValueTransformationSequence", "RescaleIntercept", "RescaleIntercept"),
    ("MREchoSequence", "EffectiveEchoTime", "EchoTime"),
    ("MRTimingAndRelatedParametersSequence", "RepetitionTime", "RepetitionTime"),
    ("MRTimingAndRelatedParametersSequence", "FlipAngle", "FlipAngle"),
    ("MRModifierSequence", "InversionTimes", "InversionTime"),
    ("FrameContentSequence", "StackID", "StackID"),
    ("FrameContentSequence", "TemporalPositionIndex", "TemporalPositionIdentifier"),
    ("FrameContentSequence", "InStackPositionNumber", "InstanceNumber"),
    ("FrameAnatomySequence", "FrameLaterality", "ImageLaterality"),
)
# Dimensions that say where a frame lies or when it was taken one after the other: they part no
# volume from another.
_WITHIN_A_STACK = frozenset(
    Tag(keyword)
    for keyword in (
        "StackID",
        "InStackPositionNumber",
        "ImagePositionPatient",
        "ImageOrientationPatient",
        "TemporalPositionIndex",
        "FrameAcquisitionNumber",
        "FrameAcquisitionDateTime",
        "FrameReferenceDateTime",
        "SliceLocation",
        "InConcatenationNumber",
    )
)
_ECHOES = {"SPIN": "SE", "GRADIENT": "GR", "BOTH": "SE\\GR"}
_LEFT_OUT = frozenset(
    Tag(keyword)
    for keyword in (
        *GROUP_TAGS,
        "DimensionOrganizationSequence",
        "NumberOfFrames",
        "InstanceNumber",
        "PixelData",
    )
)


def is_enhanced(dataset: Dataset) -> bool:
    """Tells whether a data set is an enhanced or legacy converted image, of whatever modality."""
    return "Enhanced" in UID(str(dataset.get("SOPClassUID") or "")).name


def count_frames(dataset: Dataset) -> int:
    """Counts the frames of an enhanced image.

    Raises:
        HeaderError: If their number is none, or there is not a functional group for each.
    """
    count = int(dataset.get("NumberOfFrames") or 0)
    groups = len(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if not 0 < count <= MOST_FRAMES or groups != count:
        msg = (
            f"multi-frame image of {count} frames that describes {groups} of them, expected one "
            "functional group a frame. Export it again."
        )
        raise HeaderError(msg)
    return count


def flat_frames(dataset: Dataset) -> Iterator[Dataset]:
    """Gives each frame as a single-frame header.

    Args:
        dataset: The enhanced image, with or without its pixels.

    Yields:
        For each frame the attributes of the whole, and its own in the place where a single-frame
        image has them. `StackID` and `DimensionIndexValues` are kept: frames that differ in a
        dimension other than place and time of acquisition belong to different volumes.
    """
    whole = [element for element in dataset if element.tag not in _LEFT_OUT]
    shared = _first(dataset.get("SharedFunctionalGroupsSequence"))
    frames = dataset.PerFrameFunctionalGroupsSequence
    places = [_place(own, shared) for own in frames]
    indices = [_indices(_first_of(own, shared, "FrameContentSequence")) for own in frames]
    parting = _parting_dimensions(dataset, indices, places)
    stacks = [_first_of(own, shared, "FrameContentSequence").get("StackID") for own in frames]
    one_stack_a_place = _counts_places(stacks, places)
    for number, own in enumerate(frames, start=1):
        frame = Dataset()
        # Copies: setting a value changes an element, and frames would share theirs.
        for element in (*whole, *_unassigned(shared), *_unassigned(own)):
            frame[element.tag] = copy(element)
        _move(frame, own, shared)
        if "InstanceNumber" not in frame:
            frame.InstanceNumber = number
        if one_stack_a_place and "StackID" in frame:
            del frame.StackID
        if parting:
            frame.DimensionIndexValues = [indices[number - 1][place] for place in parting]
        yield frame


def _move(frame: Dataset, own: Dataset, shared: Dataset) -> None:
    for sequence, keyword, flat in _MOVED:
        value = _first_of(own, shared, sequence).get(keyword)
        if value is not None:
            setattr(frame, flat, value)
    kind = _first_of(own, shared, "MRImageFrameTypeSequence")
    types = [str(item) for item in kind.get("FrameType") or frame.get("ImageType") or []]
    component = str(_either(kind, frame, "ComplexImageComponent") or "MAGNITUDE")
    made = str(_either(kind, frame, "VolumeBasedCalculationTechnique") or "NONE")
    if types:
        told = [component] if component not in ("MAGNITUDE", "MIXED") else []
        frame.ImageType = [*types, *told, *([made] if made not in ("NONE", "MIXED") else [])]
    echo = _ECHOES.get(str(frame.get("EchoPulseSequence") or ""), "")
    if echo and "ScanningSequence" not in frame:
        inverted = _first_of(own, shared, "MRModifierSequence").get("InversionRecovery") == "YES"
        frame.ScanningSequence = [*echo.split("\\"), *(["IR"] if inverted else [])]
    if str(frame.get("SpectrallySelectedSuppression") or "").startswith("FAT"):
        frame.ScanOptions = "FS"


def _either(kind: Dataset, frame: Dataset, keyword: str) -> Any:  # noqa: ANN401
    """The value of a frame, or else of the whole."""
    value = kind.get(keyword)
    return frame.get(keyword) if value in (None, "") else value


def _parting_dimensions(
    dataset: Dataset, indices: Sequence[Sequence[int]], places: Sequence[object]
) -> list[int]:
    """Places in `DimensionIndexValues` of the dimensions that part volumes.

    One whose values each occur at a single place counts slices, whatever it is called.
    """
    dimensions = list(dataset.get("DimensionIndexSequence") or [])
    if any(len(values) != len(dimensions) for values in indices):
        return []
    return [
        place
        for place, item in enumerate(dimensions)
        if item.get("DimensionIndexPointer") not in _WITHIN_A_STACK
        and not _counts_places([values[place] for values in indices], places)
    ]


def _counts_places(values: Sequence[object], places: Sequence[object]) -> bool:
    """Whether several values are there, and each of them occurs at one place alone."""
    places_of: dict[str, set[object]] = {}
    for value, place in zip(values, places, strict=True):
        places_of.setdefault(str(value), set()).add(place)
    return len(places_of) > 1 and all(len(found) == 1 for found in places_of.values())


def _place(own: Dataset, shared: Dataset) -> tuple[str, ...]:
    position = _first_of(own, shared, "PlanePositionSequence").get("ImagePositionPatient")
    return tuple(f"{float(number):.3f}" for number in position or ())


def _indices(content: Dataset) -> list[int]:
    values = content.get("DimensionIndexValues")
    many = values if isinstance(values, pydicom.multival.MultiValue | list) else [values]
    return [int(value) for value in many if value is not None]


def _unassigned(holder: Dataset) -> Dataset:
    """What a conversion found no place for."""
    for kind in ("Shared", "PerFrame"):
        item = _first(holder.get(f"Unassigned{kind}ConvertedAttributesSequence"))
        if len(item):
            return item
    return Dataset()


def _first_of(own: Dataset, shared: Dataset, sequence: str) -> Dataset:
    """The item of a functional group: that of the frame, or else that of all frames."""
    item = _first(own.get(sequence))
    return item if len(item) else _first(shared.get(sequence))


def _first(sequence: Any) -> Dataset:  # noqa: ANN401
    return sequence[0] if isinstance(sequence, pydicom.Sequence) and len(sequence) else Dataset()
