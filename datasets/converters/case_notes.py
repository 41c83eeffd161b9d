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
    from shoulderseg.datasets.converters.source import Labelled, SourceCase
    from shoulderseg.datasets.converters.work_folder import WorkFolder


def recall(work: WorkFolder, case: SourceCase) -> Examined | Rejected | None:
    """Tells what became of a case in an earlier run.

    Args:
        work: The working folder.
        case: The case.

    Returns:
        What was written, or that there was nothing to take; None if the case is still to be made,
        its source files have changed, or its files are gone or no longer what was written.
    """
    record = read_json(work.root / "done" / f"{case.name}.json")
    if not isinstance(record, dict) or record.get("stamp") != _stamp(case):
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


def keep_case(work: WorkFolder, case: SourceCase, found: Examined, loaded: Labelled) -> None:
    """Writes the files of a case, and then that they are there.

    Raises:
        ValueError: As `write_case`.
        OSError: If a file cannot be written.
    """
    write_case(work.dataset, case.name, loaded.image, loaded.label_map)
    _note(work, case, {"case": asdict(found), "files": _contents(work, case.name)})


def keep_nothing(work: WorkFolder, case: SourceCase, rejected: Rejected) -> None:
    """Remembers that a case shows nothing of use, so that it is not read again.

    Raises:
        OSError: If the file cannot be written.
    """
    _note(work, case, {"nothing": rejected.reason})


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


def _note(work: WorkFolder, case: SourceCase, record: dict[str, Any]) -> None:
    write_json(work.root / "done" / f"{case.name}.json", {"stamp": _stamp(case), **record})


def _stamp(case: SourceCase) -> str:
    """Hash of what the source files of a case are called, their sizes and times of change."""
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
