"""What is found in a patient's folder of slices and masks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import SimpleITK

from shoulderseg.datasets.converters.convert import survey
from shoulderseg.datasets.converters.slice_file import read_slice
from shoulderseg.datasets.converters.slices import SliceStack, slice_cases
from shoulderseg.datasets.converters.source import Labelled, Rejected, SourceCase
from shoulderseg.datasets.errors import UnreadableVolumeError

if TYPE_CHECKING:
    import numpy.typing as npt

LABELS = {"background": 0, "humerus": 1, "glenoid": 2}
STACK = SliceStack((3.5, 0.5, 0.7), {200: "humerus", 90: "glenoid"}, LABELS)


def save_slice(path: Path, array: npt.NDArray[Any], *, colour: bool = False) -> None:
    """Writes an image of a slice, in a folder that need not be there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(array, isVector=colour), str(path))


def load_stack(source: Path, stack: SliceStack = STACK) -> Labelled:
    """The only case of the folder."""
    (case,) = slice_cases(source, stack)
    assert isinstance(case, SourceCase)
    return case.load()


def reason_of(source: Path, stack: SliceStack = STACK) -> str:
    """Why the only case of the folder is rejected."""
    (outcome,) = survey(slice_cases(source, stack), LABELS)
    assert isinstance(outcome, Rejected)
    assert outcome.fault
    return outcome.reason


def refusal(path: Path) -> str:
    """Why one file is refused; the error names it."""
    with pytest.raises(UnreadableVolumeError) as caught:
        read_slice(path)
    assert str(caught.value).startswith(path.name)
    return caught.value.reason
