"""What is remembered of each case in a working folder, so that it is not made twice."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from shoulderseg.datasets.converters.examined import Examined
from shoulderseg.datasets.converters.source import Rejected
from shoulderseg.datasets.converters.work_folder import paths_of, read_json
from shoulderseg.datasets.nnunet_raw import write_case, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from shoulderseg.datasets.converters.source import Labelled, SourceCase
    from shoulderseg.datasets.converters.work_folder import WorkFolder


def recall(work: WorkFolder, case: SourceCase, stamp: str) -> Examined | Rejected | None:
    """Tells what became of a case in an earlier run.

    Args:
        work: The working folder.
        case: The case.
        stamp: From `stamp_of`.

    Returns:
        What was written, or that there was nothing to take; None if the case is still to be made,
        its source files have changed, or its files are gone or no longer what was written.
    """
    record = read_json(_place(work, case.name))
    if not isinstance(record, dict) or record.get("stamp") != stamp:
        return None
    if "nothing" in record:
        return Rejected(case.name, case.source, record["nothing"], fault=False)
    contents = _contents(work, case.name)
    if contents is None or record.get("files") != contents:
        return None
    found = record["case"]
    return Examined(
        name=case.name,
        patient=case.patient,
        source=case.source,
        shape=tuple(found["shape"]),
        spacing_mm=tuple(found["spacing_mm"]),
        voxels=found["voxels"],
        digest=found["digest"],
    )


def keep_case(work: WorkFolder, found: Examined, loaded: Labelled, stamp: str) -> None:
    """Writes the files of a case, and then that they are there.

    Args:
        work: The working folder.
        found: The case.
        loaded: What its files hold.
        stamp: From `stamp_of`, before it was loaded.

    Raises:
        ValueError: As `write_case`.
        OSError: If a file cannot be written.
    """
    write_case(work.dataset, found.name, loaded.image, loaded.label_map)
    record = {"case": asdict(found), "files": _contents(work, found.name)}
    write_json(_place(work, found.name), {"stamp": stamp, **record})


def keep_nothing(work: WorkFolder, rejected: Rejected, stamp: str) -> None:
    """Remembers that a case shows nothing of use, so that it is not read again.

    Args:
        work: The working folder.
        rejected: The case.
        stamp: From `stamp_of`, before it was loaded.

    Raises:
        OSError: If the file cannot be written.
    """
    write_json(_place(work, rejected.name), {"stamp": stamp, "nothing": rejected.reason})


def _contents(work: WorkFolder, case: str) -> list[Any] | None:
    """Size and hash of the image and the label map of a case; None if one cannot be read."""
    contents = []
    try:
        for path in paths_of(work, case, "Tr"):
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            contents.append([path.stat().st_size, digest])
    except OSError:
        return None
    return contents


def _place(work: WorkFolder, name: str) -> Path:
    return work.root / "done" / f"{name}.json"


def stamp_of(case: SourceCase) -> str:
    """Gives a hash of what the source files of a case are called, their sizes, times of change.

    To be taken before they are read: what is saved meanwhile makes the case again.
    """
    facts = []
    for file in case.files:
        try:
            status = file.stat()
        except OSError:
            # A mask may be missing; should it appear, the stamp is another.
            facts.append(f"{file} missing")
        else:
            facts.append(f"{file} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join([case.source, *facts]).encode()).hexdigest()
