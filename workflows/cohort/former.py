"""What was noted of cases that are made anew, and of examinations of which they were series."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from shoulderseg.workflows.cohort.fragment import (
    Fragment,
    files_of,
    read_fragment,
    remove_files,
    write_fragment,
)
from shoulderseg.workflows.cohort.resume import Ledger, forget
from shoulderseg.workflows.errors import reason_of

_LOGGER = logging.getLogger(__name__)


def noted_examinations(
    ledger: Ledger, names: Iterable[str], cases: Collection[str]
) -> dict[str, Fragment]:
    """Gives what was noted of examinations in which one of some cases voted.

    Args:
        ledger: where it stands what is done.
        names: under which it may be noted.
        cases: names of the cases.
    """
    found = {name: read_fragment(ledger.out, name) for name in names}
    return {
        name: fragment
        for name, fragment in found.items()
        if fragment is not None and fragment.examination is not None and _has(fragment, cases)
    }


def noted_files(
    ledger: Ledger, names: Iterable[str], cases: Collection[str]
) -> dict[str, list[str]]:
    """Gives the hashes of files that were written for cases with the same options.

    It does not matter whether what was done still holds: a series may have failed, or the run may
    have been stopped.

    Args:
        ledger: where it stands what is done.
        names: under which it may be noted.
        cases: names of the cases.

    Returns:
        For each file below the folder its hashes, first that of the first name.
    """
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        fragment = read_fragment(ledger.out, name)
        if fragment is None or fragment.options != ledger.options:
            continue
        others = {
            file
            for record in fragment.records
            if record["case"] not in cases
            for file in files_of(record)
        }
        for file, digest in fragment.files.items():
            # Nobody knows what a file holds that was about to be written, see `unnote`.
            if digest and file not in others:
                found.setdefault(file, []).append(digest)
    return found


def part_others(ledger: Ledger, names: Iterable[str], cases: Collection[str]) -> None:
    """Notes other cases of an examination under their own names, before its note is replaced.

    Otherwise nobody would know what of their files somebody changed, and of which images they are.

    Args:
        ledger: where it stands what is done.
        names: under which the examination may be noted.
        cases: names of those that are made anew.
    """
    for name in dict.fromkeys(names):
        fragment = read_fragment(ledger.out, name)
        for record in [] if fragment is None else fragment.records:
            case = record["case"]
            if fragment is None or case in (name, *cases) or read_fragment(ledger.out, case):
                continue
            stems = {_stem(file) for file in files_of(record)}
            alone = Fragment(
                fingerprint="",
                options=fragment.options,
                files={f: digest for f, digest in fragment.files.items() if _stem(f) in stems},
                records=[record],
                origins={case: fragment.origins[case]} if case in fragment.origins else {},
            )
            try:
                write_fragment(ledger.out, case, alone)
            except (ValueError, OSError) as error:
                _LOGGER.warning("%s: cannot be noted: %s", case, reason_of(error))


def outdate(ledger: Ledger, names: Iterable[str], former: Mapping[str, Fragment]) -> None:
    """Notes that what was done no longer holds, before its files are made anew.

    What was made with other options is forgotten, unless an examination's files are still to go.

    Args:
        ledger: where it stands what is done.
        names: under which it may be noted.
        former: of `noted_examinations`.
    """
    for name in dict.fromkeys(names):
        fragment = former.get(name) or read_fragment(ledger.out, name)
        if fragment is None or (name not in former and fragment.options != ledger.options):
            forget(ledger, [name])
            continue
        try:
            write_fragment(ledger.out, name, replace(fragment, fingerprint=""))
        except (ValueError, OSError) as error:
            _LOGGER.warning("%s: cannot be noted: %s", name, reason_of(error))


def unnote(ledger: Ledger, names: Iterable[str], case: str | None = None) -> None:
    """Notes no longer what files held that are about to be written over.

    Otherwise those that a run has written before it was killed would pass for changed by somebody.

    Args:
        ledger: where it stands what is done.
        names: under which it may be noted.
        case: whose files they are; None for those of the examination.
    """
    for name in dict.fromkeys(names):
        fragment = read_fragment(ledger.out, name)
        if fragment is None:
            continue
        told = [record for record in fragment.records if record["case"] == case]
        told = [fragment.examination or {}] if case is None else told
        stems = {_stem(file) for record in told for file in files_of(record)}
        files = {file: "" if _stem(file) in stems else old for file, old in fragment.files.items()}
        try:
            write_fragment(ledger.out, name, replace(fragment, files=files))
        except (ValueError, OSError) as error:
            _LOGGER.warning("%s: cannot be noted: %s", name, reason_of(error))


def drop_examinations(
    ledger: Ledger, former: Mapping[str, Fragment], name: str, written: Collection[str]
) -> None:
    """Removes bones and surfaces of examinations whose series have been made anew.

    Nobody writes over them where the examination is now another one. What somebody has changed
    stays.

    Args:
        ledger: where it stands what is done.
        former: of `noted_examinations`, before the series were made anew.
        name: under which the series are noted now.
        written: files of the series and of their examination as they are now.
    """
    for unit, fragment in former.items():
        files = [file for file in files_of(fragment.examination or {}) if file not in written]
        try:
            remove_files(ledger.out, fragment, files)
        except (ValueError, OSError) as error:
            _LOGGER.warning("%s: old files are left: %s", unit, reason_of(error))
        if unit != name:
            forget(ledger, [unit])


def _has(fragment: Fragment, cases: Collection[str]) -> bool:
    return any(record["case"] in cases for record in fragment.records)


def _stem(file: str) -> str:
    """A file without endings: beside a label map of BIDS lies another of its name."""
    folder, _, name = file.rpartition("/")
    return f"{folder}/{name.partition('.')[0]}"
