"""Which series of a patient a mask was drawn on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shoulderseg.datasets.converters.source import NothingToTakeError, reason_of
from shoulderseg.datasets.converters.study_fault import UnusableMaskError
from shoulderseg.datasets.converters.study_grid import find_grid, may_be_drawn_on
from shoulderseg.datasets.converters.study_mask import read_drawing, translated
from shoulderseg.datasets.converters.study_seg import find_series, meant_series, read_seg_facts
from shoulderseg.datasets.dicom.grouping import owner_of
from shoulderseg.datasets.dicom.identity import join
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shoulderseg.datasets.converters.structures import Structures
    from shoulderseg.datasets.converters.study_lost import LostSeries
    from shoulderseg.datasets.dicom.stack import Stack
    from shoulderseg.datasets.dicom.verdict import Series

_NOBODY_DREW_IT = (
    "a program drew all of its segments (SegmentAlgorithmType is AUTOMATIC), as a prediction that "
    "came back from an archive. --automatic-masks takes such masks."
)


@dataclass(frozen=True)
class DrawnMask:
    """A mask that belongs to a series.

    Attributes:
        path: Its file.
        segments: Of a DICOM SEG: number of each segment to its value in the dataset. None for
            other files.
    """

    path: Path
    segments: dict[int, int] | None


class _Choice(NamedTuple):
    """Series that a mask may have been drawn on."""

    series: Sequence[Series]
    lost: Sequence[LostSeries]


def match_mask(
    path: Path,
    series: Sequence[Series],
    structures: Structures,
    *,
    seg: bool,
    lost: Sequence[LostSeries] = (),
    automatic: bool = False,
) -> tuple[str, DrawnMask]:
    """Finds the one series that a mask was drawn on.

    Args:
        path: The mask.
        series: All of the patient, whatever their verdict.
        structures: What values and names in masks mean.
        seg: Whether the mask is a DICOM SEG.
        lost: Series of the patient of which every file is refused.
        automatic: Whether a DICOM SEG counts whose segments were all drawn by a program.

    Returns:
        The name of the series, which can be used, and the mask.

    Raises:
        NothingToTakeError: If the mask shows none of the structures, or nobody drew it.
        UnusableMaskError: If it is damaged, a label has no meaning, or not exactly one series fits.
            The message does not name the file.
    """
    try:
        if seg:
            return _match_seg(path, series, structures, automatic=automatic)
        return _match_file(path, _Choice(series, lost), structures)
    except (NothingToTakeError, UnusableMaskError):
        raise
    except (ValueError, OSError) as error:
        raise UnusableMaskError(reason_of(error), None) from None


def _match_seg(
    path: Path, series: Sequence[Series], structures: Structures, *, automatic: bool
) -> tuple[str, DrawnMask]:
    facts = read_seg_facts(path)
    if facts.automatic and not automatic:
        raise NothingToTakeError(_NOBODY_DREW_IT)
    try:
        people = join((facts.identity, structures.people))
        segments = replace(structures, people=people).values_of(facts.names)
    except NothingToTakeError:
        raise
    except ValueError as error:
        told = bool(facts.series or facts.instances)
        meant = [entry.name for entry in meant_series(facts, series)]
        raise UnusableMaskError(str(error), meant if told else None) from None
    return find_series(facts, series).name, DrawnMask(path, segments)


def _match_file(path: Path, choice: _Choice, structures: Structures) -> tuple[str, DrawnMask]:
    drawing = read_drawing(path)
    try:
        translated(drawing, structures)
    except NothingToTakeError:
        raise
    except ValueError as error:
        raise UnusableMaskError(str(error), _fitting(drawing.volume, choice)) from None
    return _only_series(drawing.volume, choice), DrawnMask(path, None)


def _fitting(mask: Volume, choice: _Choice) -> frozenset[str] | None:
    try:
        return frozenset({_only_series(mask, choice)})
    except UnusableMaskError as error:
        return error.series


def _only_series(mask: Volume, choice: _Choice) -> str:
    """Finds the one series whose grid a mask has, also among those that are refused.

    A series without a stack has no grid to compare. Were it left out, its mask would seem to be
    that of another series on the same grid. What is skipped was made from another series, or shows
    what that shows: nothing of it is lost.
    """
    grids = {entry.name: _grid(entry.stack) for entry in choice.series if entry.stack}
    name = find_grid(mask, grids)
    found = next(entry for entry in choice.series if entry.name == name)
    others = {
        entry.name: entry.reason
        for entry in choice.series
        if entry.verdict == "refuse"
        and not _is_stray(entry, found)
        and may_be_drawn_on(mask, entry.slices)
    }
    others |= {entry.name: entry.reason for entry in choice.lost if entry.may_hold(mask)}
    if not others:
        return name
    untaken = "; ".join(f"{other}, which is not taken: {why}" for other, why in others.items())
    msg = (
        f"its grid fits {name}, but it may have been drawn on {untaken.rstrip('.')}. Mend that "
        "series or move it away, or save the mask as DICOM SEG, which names its series."
    )
    raise UnusableMaskError(msg, [name, *others])


def _is_stray(refused: Series, taken: Series) -> bool:
    """Tells whether it is a single slice of the very series that is taken."""
    owners = owner_of(refused.slices[0]), owner_of(taken.slices[0])
    return len(refused.slices) == 1 and owners[0] == owners[1]


def _grid(stack: Stack) -> Volume:
    """The grid of a stack, with no voxels in memory."""
    array = np.broadcast_to(np.uint8(0), (len(stack.slices), *stack.slices[0].shape))
    return Volume(array, stack.spacing_mm, stack.origin_mm, stack.direction)
