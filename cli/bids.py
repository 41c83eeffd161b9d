"""Names and side files of a BIDS derivative.

The subject is taken from the input's file name alone, never from a patient's tags.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.datasets.labels import Label

DESCRIPTION_FILE = "dataset_description.json"
_VERSION = "1.10.0"
_NAME = "shoulderseg"
_ENTITIES = re.compile(r"(sub-[A-Za-z0-9]+(?:_[a-z]+-[A-Za-z0-9]+)*)(?:_[A-Za-z0-9]+)?")
# The standard knows neither the run report nor these formats.
_IGNORED = ("shoulderseg_report.json", "*.nrrd", "*.mha", "*.dcm", "*.stl", "*.ply")


def bids_stem(case: str) -> str:
    """Path of a case below the output folder, without a suffix.

    Args:
        case: name of the case. Entities of a BIDS name such as `sub-01_ses-2_acq-cor_T2w` are kept;
            of any other name, the letters and digits become the subject's label.

    Raises:
        ValueError: if the name has neither letters nor digits.
    """
    found = _ENTITIES.fullmatch(case)
    if found:
        kept = [part for part in found[1].split("_") if not part.startswith("desc-")]
    else:
        subject = re.search(r"sub-([A-Za-z0-9]+)", case)
        label = subject[1] if subject else re.sub(r"[^A-Za-z0-9]", "", case)
        if not label:
            msg = f"{case}: no letter or digit to name a BIDS subject by; rename the file"
            raise ValueError(msg)
        kept = [f"sub-{label}"]
    folders = [part for part in kept if part.startswith(("sub-", "ses-"))]
    return "/".join([*folders, "anat", "_".join([*kept, "desc-shoulder_dseg"])])


def start_dataset(out: Path) -> None:
    """Writes `dataset_description.json` and `.bidsignore` into an existing folder.

    Raises:
        ValueError: if the folder holds the dataset of another program.
        OSError: if a file cannot be written.
    """
    path = out / DESCRIPTION_FILE
    if path.exists() and f'"{_NAME}"' not in path.read_text(encoding="utf-8", errors="replace"):
        msg = f"{out} holds another BIDS dataset; choose a folder of its own for this one"
        raise ValueError(msg)
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
    }
    _write(path, json.dumps(description, indent=2) + "\n")
    _write(out / ".bidsignore", "\n".join(_IGNORED) + "\n")


def write_label_table(path: Path, labels: Iterable[Label]) -> None:
    """Writes the table of label values, names and colours that belongs to a `_dseg` file.

    Args:
        path: the `.tsv`.
        labels: the labels.
    """
    from shoulderseg.datasets.labels import as_hex

    rows = ["index\tname\tcolor"]
    rows += [
        f"{label.value}\t{' '.join(label.name.split())}\t{as_hex(label.colour)}" for label in labels
    ]
    _write(path, "\n".join(rows) + "\n")


def _write(path: Path, text: str) -> None:
    from shoulderseg.datasets.writer import replaced_file

    with replaced_file(path) as part:
        part.write_text(text, encoding="utf-8")
