"""What of a run is done already, by what the results depend on; the rest is made anew."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from shoulderseg.workflows.cohort.fingerprint import combined
from shoulderseg.workflows.cohort.fragment import (
    Fragment,
    files_of,
    hash_files,
    is_plain_file,
    read_fragment,
    read_fragments,
    remove_fragment,
    still_stands,
    write_fragment,
)
from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.flags import FAILED

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ledger:
    """Where it stands what is done.

    Attributes:
        out: folder of the results.
        options: what results depend on beside the images, see `options_of`.
    """

    out: Path
    options: dict[str, Any]


def check_options(ledger: Ledger, cases: Collection[str], done: Collection[Fragment]) -> None:
    """Refuses a folder in which a case was made with other options.

    Args:
        ledger: where it stands what is done.
        cases: names of the cases of the run.
        done: what was done in the folder.

    Raises:
        ValueError: if there is one; names the first, what differs, and what to do.
    """
    differing = [
        (record["case"], fragment.options)
        for fragment in done
        for record in fragment.records
        if fragment.options != ledger.options and record["case"] in cases
    ]
    if not differing:
        return
    name, before = differing[0]
    others = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
    msg = (
        f"{ledger.out} holds results of {name}{others} that were made otherwise: "
        f"{_difference(before, ledger.options)}; --overwrite makes them anew, another folder keeps "
        "them"
    )
    raise ValueError(msg)


def find_done(ledger: Ledger, name: str, origins: Mapping[str, tuple[str, str]]) -> Fragment | None:
    """Gives what was done for a case, if that still holds; notes where its images are now.

    Args:
        ledger: where it stands what is done.
        name: of the case or examination.
        origins: of `origins_of`, of the case or of the series.

    Returns:
        What was done; None where nothing was, with other options or of other images, where a file
        is missing or changed, or where an image cannot be read.
    """
    fragment = read_fragment(ledger.out, name)
    if fragment is None or fragment.options != ledger.options:
        return None
    images = combined(origins)
    if not images or fragment.fingerprint != images:
        return None
    if [record["case"] for record in fragment.records] != list(origins):
        return None
    if not still_stands(ledger.out, fragment):
        return None
    if {case: tuple(origin) for case, origin in fragment.origins.items()} != dict(origins):
        try:
            write_fragment(ledger.out, name, replace(fragment, origins=dict(origins)))
        except (ValueError, OSError) as error:
            _LOGGER.warning("%s: cannot be noted: %s", name, reason_of(error))
    return fragment


def units_of(ledger: Ledger) -> dict[str, list[str]]:
    """Under which names each case was noted: its own, or that of an examination.

    Args:
        ledger: where it stands what is done.
    """
    found: dict[str, list[str]] = {}
    for name, fragment in read_fragments(ledger.out).items():
        for record in fragment.records:
            found.setdefault(record["case"], []).append(name)
    return found


def forget(ledger: Ledger, names: Iterable[str]) -> None:
    """Forgets what was noted of cases, before their files are made anew.

    Args:
        ledger: where it stands what is done.
        names: under which they were noted.
    """
    for name in dict.fromkeys(names):
        try:
            remove_fragment(ledger.out, name)
        except (ValueError, OSError) as error:
            # The hashes of its files no longer hold in any case.
            _LOGGER.warning("%s: cannot be forgotten: %s", name, reason_of(error))


def note_done(
    ledger: Ledger,
    name: str,
    images: str,
    made: tuple[Sequence[Mapping[str, Any]], Mapping[str, Any] | None],
    files: Iterable[str] = (),
    earlier: Mapping[str, Sequence[str]] | None = None,
    origins: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Writes down what a case came to; one that failed, or lacks a file, is tried again next time.

    Of such a one it is noted which files it has, so that what somebody changes in them is not
    written over, and those of an examination can go when it is made anew.

    Args:
        ledger: where it stands what is done.
        name: of the case or examination.
        images: `fingerprint` of its images, from before they were segmented; empty if it is to be
            tried again.
        made: records of the cases and of the examination, if it is one, as in the run report.
        files: further files below the folder that belong to it.
        earlier: hashes of files that were there before, see `noted_files`.
        origins: of each case, see `origins_of`.
    """
    every, examination = made
    records = [dict(record) for record in every if "error" not in record]
    failed = examination is not None and _vote_failed(examination)
    whole = bool(images) and len(records) == len(every) and not failed
    both = [*every, *([examination] if examination is not None else [])]
    written = [file for record in both for file in files_of(record)]
    try:
        hashes = hash_files(ledger.out, dict.fromkeys([*written, *files]))
        before = None if whole else read_fragment(ledger.out, name)
        if before is not None and not files_of(examination or {}):
            # Its files are still to go.
            examination = before.examination
        if not whole:
            # What somebody had changed was set aside: what is there now is the run's own, also of
            # a case that it did not end. In the place of others nothing may have come.
            old = {file: digests[0] for file, digests in (earlier or {}).items()}
            old |= {} if before is None else before.files
            there = [file for file in old if _is_there(ledger.out / file)]
            hashes = old | hash_files(ledger.out, there) | hashes
        if hashes:
            together = None if examination is None else dict(examination)
            told = Fragment(images if whole else "", ledger.options, hashes, records, together)
            write_fragment(ledger.out, name, replace(told, origins=_known(origins or {}, before)))
    except Exception as error:
        # The results are there all the same.
        _LOGGER.warning("%s: done, and made anew by the next run: %s", name, reason_of(error))


def _known(
    origins: Mapping[str, tuple[str, str]], before: Fragment | None
) -> dict[str, tuple[str, str]]:
    """The origins, for an image that cannot be read any more that of before."""
    former = {} if before is None else before.origins
    return {
        case: origin if origin[0] else former.get(case, origin) for case, origin in origins.items()
    }


def _is_there(path: Path) -> bool:
    return path.exists() and is_plain_file(path)


def _vote_failed(examination: Mapping[str, Any]) -> bool:
    """Whether the vote, or the writing of what came of it, failed in any of the series."""
    reasons = [
        str(bone.get("reason", ""))
        for bones in examination.get("series", {}).values()
        for bone in bones.values()
    ]
    return "error" in examination or any(reason.startswith(FAILED) for reason in reasons)


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    told = [
        f"{key} {_shown(before.get(key))} (now {_shown(now.get(key))})"
        for key in dict.fromkeys([*now, *before])
        if before.get(key) != now.get(key)
    ]
    return ", ".join(told)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return "+".join(map(str, value)) or "default"
    text = str(value)
    return text[:12] if len(text) > 60 else text
