"""What was done for one case, in a file of its own: whoever comes later need not do it again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.segmentation.earlier_runs import is_whole

FOLDER = ".shoulderseg"
_FORMAT = 1
# Bytes of a name; of a note, which has about ten thousand.
_LONGEST, _LARGEST = 200, 32_000_000


@dataclass(frozen=True)
class Fragment:
    """What was done for a case, or for the series of an examination.

    Attributes:
        fingerprint: of the images.
        options: what else the results depend on.
        files: sha256 of each file, by its path below the folder of the results.
        records: of the cases, as they stand in the run report.
        examination: record of the examination; None for a single case.
        origins: of each case, whether all went well or not, `origins_of` its image. Earlier
            versions noted none.
    """

    fingerprint: str
    options: dict[str, Any]
    files: dict[str, str]
    records: list[dict[str, Any]]
    examination: dict[str, Any] | None = None
    origins: dict[str, tuple[str, str]] = field(default_factory=dict)


def read_fragment(out: Path, name: str) -> Fragment | None:
    """Reads what was done for a case.

    Args:
        out: folder of the results.
        name: of the case or examination.

    Returns:
        What the file says; None without a file, or for one that is no fragment.
    """
    return _read(_path(out, name))


def read_fragments(out: Path) -> dict[str, Fragment]:
    """Reads all that was done in a folder, by the names of cases and examinations.

    Args:
        out: folder of the results.
    """
    found = {path.stem: _read(path) for path in sorted((out / FOLDER / "cases").glob("*.json"))}
    return {name: fragment for name, fragment in found.items() if fragment is not None}


def files_of(record: Mapping[str, Any]) -> list[str]:
    """The files that a record of a case or an examination names."""
    preview = [record["preview"]] if "preview" in record else []
    return [*record.get("outputs", ()), *preview]


def write_fragment(out: Path, name: str, fragment: Fragment) -> None:
    """Writes what was done for a case, once its files are there.

    Args:
        out: folder of the results.
        name: of the case or examination.
        fragment: what was done.

    Raises:
        ValueError: if the folder of fragments is a link.
        OSError: if the file cannot be written.
    """
    from shoulderseg.datasets.output_file import make_folder, write_text

    path = _path(out, name)
    make_folder(path.parent, out)
    write_text(path, json.dumps({"format": _FORMAT, **vars(fragment)}) + "\n")


def remove_fragment(out: Path, name: str) -> None:
    """Forgets a case, before its files are made anew.

    Args:
        out: folder of the results.
        name: of the case or examination.

    Raises:
        ValueError: if the folder of fragments is a link.
        OSError: if the file cannot be removed.
    """
    from shoulderseg.datasets.output_file import refuse_links

    refuse_links(_path(out, name).parent, out)
    _path(out, name).unlink(missing_ok=True)


def remove_files(out: Path, fragment: Fragment, files: Iterable[str]) -> None:
    """Removes files that are still as they were written; what others put there stays.

    Args:
        out: folder of the results.
        fragment: what was done.
        files: paths below the folder, of those that the fragment names.

    Raises:
        ValueError: if a folder on the way is a link.
        OSError: if a file cannot be removed.
    """
    from shoulderseg.datasets.output_file import refuse_links

    for file in files:
        path = out / file
        refuse_links(path.parent, out)
        with contextlib.suppress(FileNotFoundError):
            if is_plain_file(path) and sha256_of(path) == fragment.files[file]:
                path.unlink()


def hash_files(out: Path, files: Iterable[str]) -> dict[str, str]:
    """The sha256 of files below a folder.

    Args:
        out: folder of the results.
        files: their paths below it.

    Raises:
        OSError: if one cannot be read.
    """
    return {file: sha256_of(out / file) for file in files}


def still_stands(out: Path, fragment: Fragment) -> bool:
    """Whether all files are as they were written; a link in their place is not.

    Args:
        out: folder of the results.
        fragment: what was done.
    """
    try:
        return all(
            is_plain_file(out / file) and sha256_of(out / file) == digest
            for file, digest in fragment.files.items()
        )
    except (OSError, ValueError):
        return False


def _path(out: Path, name: str) -> Path:
    return out / FOLDER / "cases" / f"{short_name(name)}.json"


def short_name(name: str) -> str:
    """A name that leaves room for a suffix in what file systems allow."""
    if len(name.encode()) <= _LONGEST:
        return name
    return f"{name[:40]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def is_plain_file(path: Path) -> bool:
    """Whether it is a file, and no link, pipe or folder, which may be waited for without end."""
    return stat.S_ISREG(path.lstat().st_mode)


def _read(path: Path) -> Fragment | None:
    try:
        if not is_plain_file(path) or path.stat().st_size > _LARGEST:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT or not _is_sound(content):
            return None
        return Fragment(**content)
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def _is_sound(content: dict[str, Any]) -> bool:
    files, records, together = content["files"], content["records"], content["examination"]
    return (
        isinstance(content["fingerprint"], str)
        and isinstance(content["options"], dict)
        and all(isinstance(digest, str) and _is_below(file) for file, digest in files.items())
        and isinstance(records, list)
        and all(map(_is_done, records))
        and (together is None or _is_examination(together))
        and files.keys() >= {file for one in [*records, together or {}] for file in files_of(one)}
        and all(
            len(origin) == 2 and all(isinstance(part, str) for part in origin)
            for origin in content.get("origins", {}).values()
        )
    )


def _is_done(record: Any) -> bool:  # noqa: ANN401  (whatever a JSON file may hold)
    return (
        isinstance(record["case"], str)
        and "error" not in record
        and "quality" in record
        and is_whole(record)
        and _are_texts(record["outputs"])
        and bool(record["outputs"])
        and isinstance(record.get("preview", ""), str)
    )


def _is_examination(record: Any) -> bool:  # noqa: ANN401
    return (
        isinstance(record["examination"], str)
        and _are_texts(record.get("outputs", []))
        and isinstance(record.get("series", {}), dict)
    )


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _is_below(file: str) -> bool:
    path = PurePosixPath(file)
    # On Windows a backslash parts folders; elsewhere it is a sign like others.
    parted = os.sep == "\\" and "\\" in file
    return not path.is_absolute() and ".." not in path.parts and not parted
