"""Which series of a patient a mask was drawn on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.converters.source import NothingToTakeError, reason_of
from shoulderseg.datasets.converters.study_fault import UnusableMaskError
from shoulderseg.datasets.converters.study_grid import find_grid
from shoulderseg.datasets.converters.study_mask import read_drawing, translated
from shoulderseg.datasets.converters.study_seg import find_series, meant_series, read_seg_facts
from shoulderseg.datasets.dicom.identity import join
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from shoulderseg.datasets.converters.structures import Structures
    from shoulderseg.datasets.dicom.stack import Stack
    from shoulderseg.datasets.dicom.verdict import Series


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


def match_mask(
    path: Path, series: Sequence[Series], structures: Structures, *, seg: bool
) -> tuple[str, DrawnMask]:
    """Finds the one series that a mask was drawn on.

    Args:
        path: The mask.
        series: All of the patient, whatever their verdict.
        structures: What values and names in masks mean.
        seg: Whether the mask is a DICOM SEG.

    Returns:
        The name of the series, which can be used, and the mask.

    Raises:
        NothingToTakeError: If the mask shows none of the structures.
        UnusableMaskError: If it is damaged, a label has no meaning, or not exactly one series fits.
            The message does not name the file.
    """
    try:
        return (
            _match_seg(path, series, structures) if seg else _match_file(path, series, structures)
        )
    except (NothingToTakeError, UnusableMaskError):
        raise
    except (ValueError, OSError) as error:
        raise UnusableMaskError(reason_of(error), None) from None


def _match_seg(
    path: Path, series: Sequence[Series], structures: Structures
) -> tuple[str, DrawnMask]:
    facts = read_seg_facts(path)
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


def _match_file(
    path: Path, series: Sequence[Series], structures: Structures
) -> tuple[str, DrawnMask]:
    grids = {entry.name: _grid(entry.stack) for entry in series if entry.stack}
    drawing = read_drawing(path)
    try:
        translated(drawing, structures)
    except NothingToTakeError:
        raise
    except ValueError as error:
        raise UnusableMaskError(str(error), _fitting(drawing.volume, grids)) from None
    return find_grid(drawing.volume, grids), DrawnMask(path, None)


def _fitting(mask: Volume, grids: dict[str, Volume]) -> frozenset[str] | None:
    try:
        return frozenset({find_grid(mask, grids)})
    except UnusableMaskError as error:
        return error.series


def _grid(stack: Stack) -> Volume:
    """The grid of a stack, with no voxels in memory."""
    array = np.broadcast_to(np.uint8(0), (len(stack.slices), *stack.slices[0].shape))
    return Volume(array, stack.spacing_mm, stack.origin_mm, stack.direction)
