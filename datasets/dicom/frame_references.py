"""References to single frames of a multi-frame image, for libraries that know single-frame ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pydicom
from pydicom.uid import MRImageStorage, generate_uid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydicom import Dataset


class FrameOrigin(NamedTuple):
    """Where a frame comes from.

    Attributes:
        class_uid: `SOPClassUID` of its file.
        instance_uid: `SOPInstanceUID` of its file.
        frame: Its number in the file, from 1.
    """

    class_uid: str
    instance_uid: str
    frame: int


def as_single_frames(headers: Sequence[Dataset], frames: Sequence[int]) -> dict[str, FrameOrigin]:
    """Makes flat headers of frames those of single-frame images with UIDs of their own.

    Args:
        headers: From `read_source_headers`; changed where they are frames.
        frames: Number of each header's frame; 0, or none at all, where it is no frame.

    Returns:
        For each UID made up here what it stands for; empty without frames.
    """
    origins: dict[str, FrameOrigin] = {}
    for header, frame in zip(headers, frames, strict=bool(frames)):
        if frame:
            origin = FrameOrigin(str(header.SOPClassUID), str(header.SOPInstanceUID), frame)
            made_up = generate_uid(entropy_srcs=[origin.instance_uid, str(frame)])
            header.SOPClassUID, header.SOPInstanceUID = MRImageStorage, made_up
            origins[str(made_up)] = origin
    return origins


def refer_to_frames(dataset: Dataset, origins: Mapping[str, FrameOrigin]) -> None:
    """Replaces references to made-up images by those to the frames they stand for.

    Args:
        dataset: What was built of the headers; changed.
        origins: From `as_single_frames`.
    """
    if not origins:
        return
    for element in dataset:
        if element.VR != "SQ":
            continue
        kept: list[Dataset] = []
        for item in element.value:
            origin = origins.get(str(item.get("ReferencedSOPInstanceUID") or ""))
            if origin is None:
                refer_to_frames(item, origins)
                kept.append(item)
                continue
            item.ReferencedSOPClassUID = origin.class_uid
            item.ReferencedSOPInstanceUID = origin.instance_uid
            if element.keyword == "SourceImageSequence":
                item.ReferencedFrameNumber = origin.frame
                kept.append(item)
            elif all(other.ReferencedSOPInstanceUID != origin.instance_uid for other in kept):
                # A list of files: each once.
                kept.append(item)
        element.value = pydicom.Sequence(kept)
