"""Several runs in one folder: each is known to the others, and no two work on the same case."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from shoulderseg.workflows.cohort.fragment import FOLDER, short_name
from shoulderseg.workflows.lock import locked

# Held for a moment: while runs come and go, and while the report is written.
LOCK_FILE = ".shoulderseg.lock"
# Hundreds of parts may begin together, and a report of ten thousands of cases takes seconds.
WAIT_S, PATIENCE_S = 60.0, 1800.0


class BusyError(ValueError):
    """Raised where another process works on a case, or on the folder's report for long."""


@contextmanager
def folder_locked(out: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Keeps other runs from the folder's report for a moment.

    Args:
        out: folder of the results, which must exist.
        wait_s: how long to wait for others, in seconds.

    Raises:
        BusyError: if others keep it for so long.
        ValueError: if the lock file is a link.
        OSError: if the folder cannot be written.
    """
    msg = (
        f"{out / LOCK_FILE} has been held by other runs for {wait_s / 60:g} minutes; is one of "
        "them stopped?"
    )
    with locked(out / LOCK_FILE, wait_s, BusyError(msg), remove=True):
        yield


@contextmanager
def at_work(out: Path, options: Mapping[str, Any]) -> Iterator[Path]:
    """Lets other runs know of this one while the block runs; the first one sweeps the folder.

    Args:
        out: folder of the results, which must exist.
        options: what results depend on beside the images.

    Yields:
        The file that tells of it.

    Raises:
        ValueError: if a run with other options is at work in it, or a folder of it is a link.
        OSError: if the folder cannot be written.
    """
    from shoulderseg.datasets.output_file import make_folder, write_text
    from shoulderseg.datasets.unfinished import sweep_unfinished

    runs = out / FOLDER / "runs"
    name = uuid.uuid4().hex
    with ExitStack() as held:
        with folder_locked(out, PATIENCE_S):
            make_folder(runs, out)
            others = _others(runs)
            if any(other != options for other in others):
                msg = (
                    f"another run is at work in {out} with another bundle or other options; wait "
                    "until it ends, or choose another folder"
                )
                raise ValueError(msg)
            # A worker of a cluster may still be at a case of a run that was killed.
            if not others and not _claims(out):
                sweep_unfinished(out, FOLDER)
            held.callback(_leave, out, name)
            busy = BusyError(f"{runs / name} is taken")
            held.enter_context(locked(runs / f"{short_name(name)}.lock", 0, busy, remove=True))
            write_text(runs / f"{name}.json", json.dumps(dict(options)) + "\n")
        yield runs / f"{name}.json"


def sweep_after_workers(out: Path) -> None:
    """Removes what killed workers of a cluster left, where nobody else is at work in the folder.

    Args:
        out: folder of the results, in which one run is at work.

    Raises:
        BusyError: if another process keeps the folder for a minute.
        OSError: if the folder cannot be written.
    """
    from shoulderseg.datasets.unfinished import sweep_unfinished

    with folder_locked(out):
        if len(_others(out / FOLDER / "runs")) == 1 and not _claims(out):
            sweep_unfinished(out, FOLDER)


def count_runs(out: Path) -> int:
    """How many runs are at work in a folder.

    Args:
        out: folder of the results.

    Raises:
        OSError: if the folder cannot be written.
    """
    runs = out / FOLDER / "runs"
    if not runs.is_dir():
        return 0
    with folder_locked(out):
        return len(_others(runs))


@contextmanager
def claimed(out: Path, name: str) -> Iterator[None]:
    """Keeps a case for one process.

    Args:
        out: folder of the results.
        name: of the case or examination.

    Raises:
        BusyError: if another process works on it.
        ValueError: if a folder or the lock file is a link.
        OSError: if the folder cannot be written.
    """
    from shoulderseg.datasets.output_file import make_folder

    folder = out / FOLDER / "claims"
    make_folder(folder, out)
    busy = BusyError(f"another process works on {name}")
    with locked(folder / f"{name}.lock", 0, busy, remove=True):
        yield


def _claims(out: Path) -> int:
    """How many cases are claimed; what killed processes left of claims goes."""
    held = 0
    for lock in sorted((out / FOLDER / "claims").glob("*.lock")):
        try:
            # What is no lock file is told when its case is claimed.
            with suppress(OSError, ValueError), locked(lock, 0, _Taken(lock.name), remove=True):
                pass
        except _Taken:
            held += 1
    return held


class _Taken(Exception):  # noqa: N818  (no error)
    """Raised where a lock is held."""


def _others(runs: Path) -> list[Any]:
    """Options of the runs that are at work; what ended runs have left goes."""
    found = []
    for lock in sorted(runs.glob("*.lock")):
        told = lock.with_suffix(".json")
        try:
            with locked(lock, 0, BusyError(lock.name), remove=True):
                told.unlink(missing_ok=True)
        except BusyError:
            found.append(_read(told))
    return found


def _read(told: Path) -> Any:  # noqa: ANN401  (whatever a JSON file may hold)
    try:
        return json.loads(told.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _leave(out: Path, name: str) -> None:
    """Removes what told of a run, and after the last one the folders."""
    runs = out / FOLDER / "runs"
    # Whatever stays here, the next run removes.
    with suppress(OSError, ValueError), folder_locked(out):
        (runs / f"{name}.json").unlink(missing_ok=True)
        if not _others(runs):
            for folder in (runs, runs.with_name("claims")):
                with suppress(OSError):
                    folder.rmdir()
