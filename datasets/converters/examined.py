"""Loading of one candidate, and what is told and remembered about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.converters.label_values import describe_missing
from shoulderseg.datasets.converters.source import (
    Labelled,
    NothingToTakeError,
    Rejected,
    reason_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shoulderseg.datasets.converters.source import SourceCase


@dataclass(frozen=True)
class Examined:
    """A case that can be taken.

    Attributes:
        name: Of the case.
        patient: Whose case it is.
        source: Where it comes from.
        shape: Voxels (Z, Y, X).
        spacing_mm: Distance between voxel centres (Z, Y, X).
        voxels: How many voxels each structure has.
        digest: Hash of the image's voxels, to find the same image twice.
    """

    name: str
    patient: str
    source: str
    shape: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    voxels: Mapping[str, int]
    digest: str


def examine(
    case: SourceCase, labels: Mapping[str, int], *, allow_missing: bool = False
) -> tuple[Examined, Labelled] | Rejected:
    """Loads a candidate.

    Args:
        case: The candidate.
        labels: Structures of the dataset and their values, as in `DatasetSpec`.
        allow_missing: As for `check_voxels`.

    Returns:
        What is told about it and its arrays, or why it is not taken.
    """
    try:
        loaded = case.load()
    except NothingToTakeError as error:
        return Rejected(case.name, case.source, str(error), fault=False)
    except (ValueError, OSError) as error:
        return Rejected(case.name, case.source, reason_of(error))
    image, label_map = loaded
    if label_map.shape != image.array.shape:
        reason = (
            f"its label map has shape {label_map.shape} and its image {image.array.shape} "
            "(Z, Y, X), expected the same. Draw the labels on this image."
        )
        return Rejected(case.name, case.source, reason)
    voxels = {
        name: int(np.count_nonzero(label_map == value)) for name, value in labels.items() if value
    }
    digest = hashlib.sha256(repr(image.array.shape).encode() + image.array.tobytes()).hexdigest()
    found = Examined(
        name=case.name,
        patient=case.patient,
        source=case.source,
        shape=image.array.shape,
        spacing_mm=image.spacing_mm,
        voxels=voxels,
        digest=digest,
    )
    return check_voxels(found, allow_missing=allow_missing) or (found, loaded)


def check_voxels(found: Examined, *, allow_missing: bool) -> Rejected | None:
    """Looks for structures without a voxel.

    Bones of one joint are nearly always in an image together: where one has no label, most likely
    nobody has drawn it yet, and a training would learn that it is background.

    Args:
        found: The case.
        allow_missing: Whether some structures may have no voxel.

    Returns:
        Why the case is not taken, no fault if it has no label at all; None if it is taken.
    """
    missing = [name for name, count in found.voxels.items() if not count]
    if len(missing) == len(found.voxels):
        reason = f"no voxel of it is labelled ({', '.join(missing)})."
        return Rejected(found.name, found.source, reason, fault=False)
    if missing and not allow_missing:
        return Rejected(found.name, found.source, describe_missing(missing))
    return None


class Twins:
    """Finds images that come twice.

    Attributes:
        names: Hash of an image's voxels to the first case with it.
    """

    def __init__(self) -> None:
        self.names: dict[str, str] = {}

    def check(self, found: Examined) -> Rejected | None:
        """Rejects a case whose image an earlier one has; otherwise remembers it."""
        first = self.names.setdefault(found.digest, found.name)
        if first == found.name:
            return None
        reason = f"its image has the same voxels as that of {first}. Remove one."
        return Rejected(found.name, found.source, reason)
