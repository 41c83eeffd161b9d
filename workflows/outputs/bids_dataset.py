"""What lies at the top of a BIDS derivative: its description, and what validators pass over."""

from __future__ import annotations

import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import quote

DESCRIPTION_FILE = "dataset_description.json"
_IGNORE_FILE = ".bidsignore"
_VERSION = "1.10.0"
_NAME = "shoulderseg"
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


def start_dataset(out: Path, source: Path | None = None) -> None:
    """Writes `dataset_description.json` and `.bidsignore` into an existing folder.

    What stands there already is kept: a description gets what it lacks, this version and the link
    to the images, and `.bidsignore` the lines that it lacks.

    Args:
        out: the folder.
        source: folder of the images, which the dataset then refers to; earlier ones are kept.

    Raises:
        ValueError: if the folder holds the dataset of another program, or a file is not what its
            name says.
        OSError: if a file cannot be read or written.
    """
    old = _described(out)
    links = _links(out)
    if source is not None and not source_link(out, source):
        # Names of links are letters and digits alone.
        number = len(links) + 1
        while f"input{number}" in links:
            number += 1
        links[f"input{number}"] = _relative(out, source)
    description = {
        "Name": "Humerus and glenoid in shoulder MRI, by shoulderseg; research use only",
        "BIDSVersion": _VERSION,
        "DatasetType": "derivative",
        **old,
        "GeneratedBy": _programs(old.get("GeneratedBy")),
        **({"DatasetLinks": links} if links else {}),
    }
    if description != old:
        _write(out / DESCRIPTION_FILE, json.dumps(description, indent=2, ensure_ascii=False) + "\n")
    told = _own_text(out / _IGNORE_FILE)
    missing = [line for line in _IGNORED if line not in map(str.strip, told.splitlines())]
    if missing:
        told += "\n" * (bool(told) and not told.endswith("\n"))
        _write(out / _IGNORE_FILE, told + "\n".join(missing) + "\n")


def _described(out: Path) -> dict[str, Any]:
    """The description of an earlier run, whatever somebody has added to it; empty without one.

    Raises:
        ValueError: if it is that of another program, or no JSON object.
    """
    path = out / DESCRIPTION_FILE
    if path.exists() and f'"{_NAME}"' not in path.read_text(encoding="utf-8", errors="replace"):
        msg = f"{out} holds another BIDS dataset; choose a folder of its own for this one"
        raise ValueError(msg)
    text = _own_text(path)
    if not text:
        return {}
    try:
        old = json.loads(text)
    except ValueError as error:
        msg = f"{path} is no JSON file: {error}; correct it, or remove it to have it written anew"
        raise ValueError(msg) from None
    if not isinstance(old, dict):
        msg = f"{path} holds no JSON object; correct it, or remove it to have it written anew"
        raise ValueError(msg)
    return old


def _own_text(path: Path) -> str:
    """What a file holds; nothing without one, or for a link, which is replaced by a file.

    Raises:
        ValueError: if it is no text in UTF-8.
    """
    if path.is_symlink() or not path.exists():
        return ""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        msg = f"{path} is no text in UTF-8; save it as such, or remove it to have it written anew"
        raise ValueError(msg) from None


def _programs(old: object) -> list[Any]:
    """What made the dataset: this program, as it is now, and others that somebody has named."""
    own = {
        "Name": _NAME,
        "Version": version(_NAME),
        "Description": "Automatic segmentation; research use only, no medical device",
    }
    named = old if isinstance(old, list) else []
    ours = [isinstance(one, dict) and one.get("Name") == _NAME for one in named]
    if not any(ours):
        return [own, *named]
    return [
        own | one | {"Version": own["Version"]} if mine else one
        for one, mine in zip(named, ours, strict=True)
    ]


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


def _write(path: Path, text: str) -> None:
    from shoulderseg.datasets.output_file import write_text

    write_text(path, text)
