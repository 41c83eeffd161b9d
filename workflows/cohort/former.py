"""What was noted of examinations of which series are made anew."""

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


def outdate(ledger: Ledger, former: Mapping[str, Fragment]) -> None:
    """Notes of examinations that what was done no longer holds, before their files are made anew.

    Args:
        ledger: where it stands what is done.
        former: of `noted_examinations`.
    """
    for name, fragment in former.items():
        try:
            write_fragment(ledger.out, name, replace(fragment, fingerprint=""))
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
