"""The folder of a set of phantoms: whether a run may begin, go on or replace what is there.

`phantom.json` marks such a folder and says what the set is made from.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from shoulderseg.datasets.nnunet_raw import write_json
from shoulderseg.datasets.phantom.case_files import KINDS, PARTS, SCRATCH
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.datasets.phantom.case_files import FileFormat
    from shoulderseg.datasets.phantom.presets import PhantomSet

MARK = "phantom.json"
TISSUE_NAMES = "tissues.json"
_OWN_ENTRIES = frozenset(
    {MARK, TISSUE_NAMES, "dataset.json", "splits_final.json", "dicom", *KINDS}
    | {kind + part for kind in KINDS for part in PARTS}
)
_ADVICE = "choose another folder, or overwrite it"


def prepare_folder(
    folder: Path, phantoms: PhantomSet, file_format: FileFormat, *, overwrite: bool
) -> None:
    """Leaves a folder with the mark of a set, or refuses it and leaves it as it is.

    Args:
        folder: Of the set; made if missing.
        phantoms: The set.
        file_format: Of its images.
        overwrite: Whether an earlier set is removed instead of finished.

    Raises:
        ValueError: If the folder holds something else, or a set that is made from something else
            and must not be overwritten.
        OSError: If the folder cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        msg = f"{folder} is a file; expected a folder"
        raise ValueError(msg)
    mark = folder / MARK
    entries = {entry.name for entry in folder.iterdir()} if folder.is_dir() else set()
    if entries and not mark.is_file():
        msg = f"{folder} is not empty and not a set of phantoms; choose another folder"
        raise ValueError(msg)
    origin = _origin(phantoms, file_format)
    if mark.is_file() and overwrite:
        _remove(folder, entries)
    elif mark.is_file():
        _check_origin(mark, origin)
    folder.mkdir(parents=True, exist_ok=True)
    for left_over in folder.glob(f"{SCRATCH}*"):
        # Of a run that was killed.
        shutil.rmtree(left_over)
    write_json(mark, origin)
    names = {str(int(structure)): structure.name.lower() for structure in Structure}
    write_json(folder / TISSUE_NAMES, names)


def _remove(folder: Path, entries: set[str]) -> None:
    others = sorted(name for name in entries - _OWN_ENTRIES if not name.startswith(SCRATCH))
    if others:
        msg = f"{folder} also holds {', '.join(others[:10])}; move them away before overwriting it"
        raise ValueError(msg)
    # The mark goes last: as long as anything is left it is known to be ours.
    for name in [*sorted(entries - {MARK}), MARK]:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _origin(phantoms: PhantomSet, file_format: FileFormat) -> dict[str, Any]:
    """All that the files of a set depend on, as JSON gives it back."""
    values = asdict(phantoms)
    options = values.pop("options")
    made_from = {"shoulderseg": version("shoulderseg"), "format": file_format, **values, **options}
    origin: dict[str, Any] = json.loads(json.dumps(made_from))
    return origin


def _check_origin(mark: Path, wanted: dict[str, Any]) -> None:
    try:
        found = json.loads(mark.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        msg = f"{mark} is damaged, so nobody knows how the set was made; {_ADVICE}"
        raise ValueError(msg)
    differing = [
        f"{key} {json.dumps(found.get(key))} (now {json.dumps(wanted.get(key))})"
        for key in [*wanted, *sorted(found.keys() - wanted.keys())]
        if found.get(key) != wanted.get(key)
    ]
    if differing and not (_only_grows(found, wanted) and len(differing) == 1):
        msg = f"{mark.parent} holds phantoms made with {', '.join(differing)}; {_ADVICE}"
        raise ValueError(msg)


def _only_grows(found: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Tells whether cases are added, none of which changes the place of another."""
    before = found.get("cases")
    return isinstance(before, int) and before < wanted["cases"] and wanted["test_cases"] == 0
