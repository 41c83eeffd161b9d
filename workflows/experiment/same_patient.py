"""Names of cases that tell of one patient, who may not be both trained on and tested."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_SUBJECT = r"sub-[0-9A-Za-z]+"
_SIDE = r"[_-](?:left|right|l|r)(?:[_-].*)?"
# A subject of BIDS; what `convert dicom-study` calls series; sides, as `convert totalseg` and
# people call them.
_OF_A_PATIENT = re.compile(rf"({_SUBJECT})_.+|(p\d+)_series_.+|(.+?){_SIDE}", re.IGNORECASE)
# What can be nothing but a patient.
_NAMED = re.compile(rf"{_SUBJECT}|p\d+", re.IGNORECASE)
# More cases than these of which most begin alike share a word, not a patient.
_FEW = 4


def refuse_doubles(cases: Sequence[str]) -> None:
    """Refuses series, sides and visits of one patient, as far as names tell them.

    Args:
        cases: names of all cases of a dataset.

    Raises:
        ValueError: if there are such cases; says how to tell the patients apart.
    """
    guesses = {case: _guess(case) for case in sorted(cases)}
    words = _words([guess for guess in guesses.values() if guess is not None], cases)
    seen: dict[str, str] = {}
    for case, guess in guesses.items():
        if guess is None or guess in words:
            continue
        if guess in seen:
            msg = (
                f"{seen[guess]} and {case} look like images of one patient, who may not be both "
                "trained on and tested; give --patient-pattern with one group that is the patient, "
                f"such as '{_advice(guess)}', or '(.+)' if each image is of a patient of its own"
            )
            raise ValueError(msg)
        seen[guess] = case


def _guess(case: str) -> str | None:
    """Who a case seems to be of, in one case of letters; None where its name does not tell."""
    found = _OF_A_PATIENT.fullmatch(case)
    return next(group for group in found.groups() if group).casefold() if found else None


def _words(guesses: Sequence[str], cases: Sequence[str]) -> set[str]:
    """Guesses that are no patients: as of case_a to case_z, or of shoulder_left_01."""
    count = Counter(guess for guess in guesses if not _NAMED.fullmatch(guess))
    alike = Counter({guess: sum(_begins(case, guess) for case in cases) for guess in count})
    of_most = len(cases) / 2 if len(cases) > _FEW else len(cases)
    return {guess for guess in count if count[guess] > of_most or alike[guess] > 2 * count[guess]}


def _begins(case: str, guess: str) -> bool:
    return case.casefold().startswith((f"{guess}_", f"{guess}-"))


def _advice(guess: str) -> str:
    if guess.startswith("sub-"):
        return f"^({_SUBJECT}|.+)"
    return rf"(?i)^(.+?)(?:_series_.+|{_SIDE})?$"
