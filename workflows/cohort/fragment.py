"""What was done for one case, in a file of its own: whoever comes later need not do it again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from shoulderseg.workflows.bundles.manifest import sha256_of

FOLDER = ".shoulderseg"
_FORMAT = 1


@dataclass(frozen=True)
class Fragment:
    """What was done for a case, or for the series of an examination.

    Attributes:
        fingerprint: of the images.
        options: what else the results depend on.
        files: sha256 of each file, by its path below the folder of the results.
        records: of the cases, as they stand in the run report.
        examination: record of the examination; None for a single case.
    """

    fingerprint: str
    options: dict[str, Any]
    files: dict[str, str]
    records: list[dict[str, Any]]
    examination: dict[str, Any] | None = None


def read_fragment(out: Path, name: str) -> Fragment | None:
    """Reads what was done for a case.

    Args:
        out: folder of the results.
        name: of the case or examination.

    Returns:
        What the file says; None without a file, or for one that is no fragment.
    """
    try:
        content = json.loads(_path(out, name).read_text(encoding="utf-8"))
        if content.pop("format") != _FORMAT or not _is_sound(content):
            return None
        return Fragment(**content)
    except (OSError, ValueError, TypeError, AttributeError, KeyError):
        return None


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
    write_text(path, json.dumps({"format": _FORMAT, **asdict(fragment)}, indent=1) + "\n")


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
            not (out / file).is_symlink() and sha256_of(out / file) == digest
            for file, digest in fragment.files.items()
        )
    except OSError:
        return False


def _path(out: Path, name: str) -> Path:
    return out / FOLDER / "cases" / f"{name}.json"


def _is_sound(content: dict[str, Any]) -> bool:
    files, records, together = content["files"], content["records"], content["examination"]
    return (
        isinstance(content["fingerprint"], str)
        and isinstance(content["options"], dict)
        and all(isinstance(digest, str) and _is_below(file) for file, digest in files.items())
        and isinstance(records, list)
        and all(isinstance(record["case"], str) for record in records)
        and (together is None or isinstance(together, dict))
    )


def _is_below(file: str) -> bool:
    path = PurePosixPath(file)
    return not path.is_absolute() and ".." not in path.parts and "\\" not in file
