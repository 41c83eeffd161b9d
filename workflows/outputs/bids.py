"""Names and side files of a BIDS derivative.

The subject is taken from the input's file name alone, never from a patient's tags.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from shoulderseg.datasets.labels import Label

DESCRIPTION_FILE = "dataset_description.json"
_VERSION = "1.10.0"
_NAME = "shoulderseg"
_DESC = "shoulder"
_SUBJECT = re.compile(r"(?<![A-Za-z0-9])sub-")
_PARTS = re.compile(r"(sub-[A-Za-z0-9]+)((?:_[a-z]+-[A-Za-z0-9]+)*)(?:_([A-Za-z0-9]+))?")
_NO_BIDS_NAME = (
    "its name has sub- in it but is no BIDS name, expected one such as sub-01_ses-2_acq-cor_T2w; "
    "rename the file, or leave out --bids"
)
# The standard knows neither the run report nor these formats.
_IGNORED = (
    "shoulderseg_report.json",
    "shoulderseg_cases.csv",
    "shoulderseg_run.jsonl",
    "previews/",
    "report/",
    "measures.csv",
    "**/*.changed*",
    "*.nrrd",
    "*.mha",
    "*.dcm",
    "*.stl",
    "*.ply",
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


def start_dataset(out: Path, source: Path | None = None) -> None:
    """Writes `dataset_description.json` and `.bidsignore` into an existing folder.

    Args:
        out: the folder.
        source: folder of the images, which the dataset then refers to; earlier ones are kept.

    Raises:
        ValueError: if the folder holds the dataset of another program.
        OSError: if a file cannot be written.
    """
    path = out / DESCRIPTION_FILE
    if path.exists() and f'"{_NAME}"' not in path.read_text(encoding="utf-8", errors="replace"):
        msg = f"{out} holds another BIDS dataset; choose a folder of its own for this one"
        raise ValueError(msg)
    links = _links(out)
    if source is not None and not source_link(out, source):
        # Names of links are letters and digits alone.
        links[f"input{len(links) + 1}"] = _relative(out, source)
    description = {
        "Name": "Humerus and glenoid in shoulder MRI, by shoulderseg; research use only",
        "BIDSVersion": _VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [
            {
                "Name": _NAME,
                "Version": version(_NAME),
                "Description": "Automatic segmentation; research use only, no medical device",
            }
        ],
        **({"DatasetLinks": links} if links else {}),
    }
    _write(path, json.dumps(description, indent=2) + "\n")
    _write(out / ".bidsignore", "\n".join(_IGNORED) + "\n")


def source_link(out: Path, source: Path) -> str:
    """What the dataset in `out` calls the folder of the images; empty if it does not link it."""
    target = _relative(out, source)
    return next((name for name, to in _links(out).items() if to == target), "")


def _links(out: Path) -> dict[str, str]:
    try:
        said = json.loads((out / DESCRIPTION_FILE).read_text(encoding="utf-8"))
        links = said.get("DatasetLinks", {})
        return {str(name): str(target) for name, target in links.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def _relative(out: Path, source: Path) -> str:
    """Relative, since a dataset may be moved with its source and absolute paths tell of people.

    Where the source is a link its own name stands there: that of its target was not given.
    """
    named = Path(os.path.abspath(source))  # noqa: PTH100  (`resolve` follows links)
    if not named.exists() or not named.samefile(source):
        # A link with `..` after it.
        named = source.resolve()
    return quote(Path(os.path.relpath(named, out.resolve())).as_posix())


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
