"""Masks of an examination that cannot be used, and the series that must not be taken for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable


class UnusableMaskError(ValueError):
    """A mask that cannot be used.

    Attributes:
        series: Names of the series that it may have been drawn on; None if it cannot be told.
    """

    def __init__(self, reason: str, series: Collection[str] | None) -> None:
        super().__init__(reason)
        self.series = None if series is None else frozenset(series)


@dataclass(frozen=True)
class MaskFault:
    """A mask that was left out.

    Attributes:
        name: What reports call it.
        series: As for `UnusableMaskError`.
        reason: Why it was left out.
    """

    name: str
    series: frozenset[str] | None
    reason: str


def reason_not_to_take(series: str, faults: Iterable[MaskFault], *, masked: bool) -> str:
    """Tells whether a series may lack what an unusable mask of its patient shows.

    Taken all the same, its voxels under that mask would be background.

    Args:
        series: Name of the series.
        faults: The unusable masks of the patient.
        masked: Whether a mask that can be used was drawn on the series.

    Returns:
        Why the series must be left out; empty if it need not be.
    """
    faults = list(faults)
    for fault in faults:
        if fault.series == frozenset({series}):
            return f"a mask drawn on it could not be used: {fault.reason}"
    for fault in faults:
        if masked and (fault.series is None or series in fault.series):
            return (
                f"{fault.name} could not be used and may have been drawn on it. Mend that mask, or "
                "move it away."
            )
    return ""
