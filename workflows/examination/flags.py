"""Why someone should look at a series of an examination: what became of its vote."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.segmentation.case_quality import NO_BONE, not_found

if TYPE_CHECKING:
    from shoulderseg.workflows.segmentation.result import Result

NO_AGREEMENT = "no two series of the examination agree on it"
# A single find may be false, so nobody takes it over.
ONLY_HERE = "it was found in this series of the examination alone"
ONLY_ELSEWHERE = "it was found in one other series of the examination alone, so not taken from it"
NOWHERE = "it was found in no series of the examination"
FAILED = "the examination's vote failed in this series"
NOT_DRAWN = "the bones that the series of the examination share could not be drawn"
STOPPED = "the run was stopped before the series of the examination voted together"


def flagged_alone(result: Result, reason: str) -> Result:
    """A result with a flag for each bone that says why it did not vote with the others'.

    Args:
        result: of a series, as it came out alone.
        reason: one of those that this file names, and more.
    """
    return flagged(result, {name: {"reason": reason} for name in result.label_values})


def stopped(outcome: Result | Exception) -> Result | Exception:
    """The result of a series whose examination was stopped before it voted, with flags.

    Args:
        outcome: the result, or the error that it failed with, which stays as it is.
    """
    return outcome if isinstance(outcome, Exception) else flagged_alone(outcome, STOPPED)


def flagged(result: Result, told: dict[str, Any]) -> Result:
    """Adds why someone should look at a series beside the others.

    Args:
        result: of the series.
        told: by the names of bones: `reason` if there is one, and `taken_from_the_others` where
            others agree on the bone.
    """
    _, found = result.segmented()
    # That it is missing each series says by itself.
    flags = [
        f"{name}: {_why(bone)}"
        for name, bone in told.items()
        if bone.get("reason", NOWHERE) != NOWHERE
    ]
    quality = found.measures["quality"]
    given = [name for name, bone in told.items() if _is_given(result, name, bone)]
    own = _still_true(quality["flags"], list(told), given)
    # Of a bone that came from the others nobody knows how well it fits.
    changed = quality | dict.fromkeys(given) | {"flags": [*own, *flags]}
    measures = found.measures | {"quality": changed}
    return replace(result, segmentation=replace(found, measures=measures))


def _still_true(flags: Sequence[str], names: Sequence[str], given: Sequence[str]) -> list[str]:
    """The flags of a series alone, without those that a bone from the others has made untrue."""
    # All that they say of such a bone is of the mask that it has no more.
    named = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in given) or r"(?!)")
    kept = [flag for flag in flags if not named.search(flag)]
    if not given or NO_BONE not in kept:
        return kept
    missing = [not_found(name) for name in names if name not in given]
    return [*missing, *(flag for flag in kept if flag != NO_BONE)]


def _is_given(result: Result, name: str, bone: dict[str, Any]) -> bool:
    """Whether the series has a bone that the others gave it."""
    taken = bool(bone.get("taken_from_the_others"))
    return taken and bool((result.labels == result.label_values[name]).any())


def _why(bone: dict[str, Any]) -> str:
    reason = str(bone["reason"])
    if "taken_from_the_others" not in bone:
        # There are no others that agree on it.
        return reason
    if bone["taken_from_the_others"]:
        return f"{reason}; taken from the other series of the examination"
    return f"not as in the other series of the examination: {reason}"
