"""Names and side files of the cases of a BIDS derivative.

The subject is taken from the input's file name alone, never from a patient's tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from shoulderseg.datasets.labels import Label

_DESC = "shoulder"
_SUBJECT = re.compile(r"(?<![A-Za-z0-9])sub-")
_PARTS = re.compile(r"(sub-[A-Za-z0-9]+)((?:_[a-z]+-[A-Za-z0-9]+)*)(?:_([A-Za-z0-9]+))?")
_NO_BIDS_NAME = (
    "its name has sub- in it but is no BIDS name, expected one such as sub-01_ses-2_acq-cor_T2w; "
    "rename the file, or leave out --bids"
)


class BidsName(NamedTuple):
    """What the name of a case says, as BIDS reads it.

    Attributes:
        entities: in their order, from `sub` on; without `desc`, and without `den`, which is for
            surfaces alone.
        desc: label of the result: what it is, and which of several images it was drawn on.
    """

    entities: dict[str, str]
    desc: str


def parse_name(case: str) -> BidsName:
    """Reads the name of a case.

    Args:
        case: the name. Entities of a BIDS name such as `sub-01_ses-2_acq-cor_T2w` are kept, its
            suffix goes into `desc`, so that a T1w and a T2w of one subject stay apart; of any other
            name, the letters and digits become the subject's label.

    Raises:
        ValueError: if the name has neither letters nor digits, or has `sub-` in it and is no BIDS
            name: half of what it says would be lost.
    """
    found = _PARTS.fullmatch(case)
    if not found:
        label = re.sub(r"[^A-Za-z0-9]", "", case)
        if not label:
            msg = "no letter or digit in its name to call a BIDS subject by; rename the file"
            raise ValueError(msg)
        if _SUBJECT.search(case):
            raise ValueError(_NO_BIDS_NAME)
        return BidsName({"sub": label}, _DESC)
    subject, more, suffix = found.groups(default="")
    parts = [part.split("-") for part in [subject, *more.split("_")[1:]]]
    entities = dict(parts)
    if len(entities) < len(parts) or "ses" in list(entities)[2:]:
        raise ValueError(_NO_BIDS_NAME)
    desc = _DESC + entities.pop("desc", "") + suffix
    entities.pop("den", None)
    return BidsName(entities, desc)


def bids_stem(case: str) -> str:
    """Path of a case below the output folder, without a suffix.

    Args:
        case: name of the case, as for `parse_name`.

    Raises:
        ValueError: as `parse_name`.
    """
    entities, desc = parse_name(case)
    kept = [f"{key}-{label}" for key, label in entities.items()]
    folders = [part for part in kept if part.startswith(("sub-", "ses-"))]
    return "/".join([*folders, "anat", "_".join([*kept, f"desc-{desc}_dseg"])])


def write_sidecar(
    path: Path, case: str, spacing_mm: Sequence[float], source: str, model: str
) -> None:
    """Writes the metadata that the standard asks for beside a `_dseg` file.

    Args:
        path: the `.json`.
        case: name of the case, as for `parse_name`.
        spacing_mm: (Z, Y, X).
        source: BIDS URI of the image; empty where it must not be told.
        model: sha256 of the bundle; empty if unknown.

    Raises:
        ValueError: as `parse_name`.
        OSError: if the file cannot be written.
    """
    entities = parse_name(case).entities
    depth, high, wide = spacing_mm
    said: dict[str, Any] = {
        "Description": "Humerus and glenoid, segmented automatically; research use only",
        # Label maps lie on their image's own grid. Which space a file name means is not known here.
        "SpatialReference": (source if "space" in entities else "") or "orig",
        "Manual": False,
    }
    if "res" in entities:
        said["Resolution"] = f"That of the image: {depth:g} x {high:g} x {wide:g} mm (slices first)"
    said |= {"Sources": [source]} if source else {}
    said |= {"ModelSHA256": model} if model else {}
    _write(path, json.dumps(said, indent=2) + "\n")


def write_label_table(path: Path, labels: Iterable[Label]) -> None:
    """Writes the table of label values, names and colours that belongs to a `_dseg` file.

    Args:
        path: the `.tsv`.
        labels: the labels.
    """
    from shoulderseg.datasets.csv_file import safe_cell
    from shoulderseg.datasets.labels import as_hex

    rows = ["index\tname\tcolor"]
    rows += [
        f"{label.value}\t{safe_cell(' '.join(label.name.split()))}\t{as_hex(label.colour)}"
        for label in labels
    ]
    _write(path, "\n".join(rows) + "\n")


def _write(path: Path, text: str) -> None:
    from shoulderseg.datasets.output_file import write_text

    write_text(path, text)
