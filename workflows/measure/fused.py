"""Which label maps are the fused bones of an examination, and what its series show of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.workflows.examination.grouping import NAME
from shoulderseg.workflows.examination.unseen import UNSEEN, read_unseen
from shoulderseg.workflows.examination.vote import STEPS

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import FieldOfView

_BONES = "_bones"


def is_fused(name: str, file: Path) -> bool:
    """Whether a label map is that of an examination.

    Args:
        name: of the case.
        file: its file; beside that of an examination lies the record that `predict` writes.
    """
    return _record_of(name, file, _BONES) is not None


def tells_unseen(name: str, file: Path) -> bool:
    """Whether a file tells where the series of an examination end, and is no label map of bones.

    Args:
        name: of the case.
        file: its file.
    """
    exam = name.removesuffix(UNSEEN)
    if exam == name:
        return False
    # Copied without its record it is none either.
    copied = exam.startswith(f"{NAME}_") or file.with_name(f"{exam}{_BONES}.nii.gz").is_file()
    return copied or _record_of(name, file, UNSEEN) is not None


def view_of(name: str, file: Path, bones: Volume) -> tuple[FieldOfView, FieldOfView] | None:
    """What the series of an examination show of its humerus and its glenoid, and how finely.

    Args:
        name: of the case.
        file: its file.
        bones: the label map.

    Returns:
        As `predict --measure` has it; None for a label map that is not an examination's.

    Raises:
        ValueError: if nothing tells, or what tells cannot be read.
    """
    from shoulderseg.morphometry.field_of_view import FieldOfView

    record = _record_of(name, file, _BONES)
    if record is None:
        return None
    try:
        told = list(json.loads(record.read_text(encoding="utf-8"))["bones"].values())
        # A bone that no two series agree on is not in the label map.
        steps = [one[STEPS] if one["reference"] is not None else () for one in told]
        humerus, glenoid = (
            tuple(np.array(one, np.float64).reshape(3, 3) for one in series) for series in steps
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        msg = (
            f"{record.name} does not tell how finely its series show these bones, as of an earlier "
            "version; run `shoulderseg predict` into another folder"
        )
        raise ValueError(msg) from None
    unseen = record.with_name(f"{record.stem}{UNSEEN}.nii.gz")
    if not unseen.is_file():
        msg = (
            f"{unseen.name} is not beside it, which tells where its series end, so that cut bones "
            "would be measured as whole ones; copy it there, or, where an earlier version wrote "
            "these bones, run `shoulderseg predict` into another folder"
        )
        raise ValueError(msg)
    seen = read_unseen(unseen, bones)
    return FieldOfView(seen[0], humerus), FieldOfView(seen[1], glenoid)


def _record_of(name: str, file: Path, ending: str) -> Path | None:
    """The record of the examination that a file with this ending belongs to; None of others."""
    exam = name.removesuffix(ending)
    path = file.parent / f"{exam}.json"
    if exam == name or not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    # Other programs, too, write a JSON file beside an image.
    return path if isinstance(record, dict) and {"series", "bones"} <= set(record) else None
