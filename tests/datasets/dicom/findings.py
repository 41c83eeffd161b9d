"""What is found in a folder of DICOM files, for the tests of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from shoulderseg.datasets.dicom.folder import read_folder
from shoulderseg.datasets.dicom.pixels import read_stack

if TYPE_CHECKING:
    from shoulderseg.datasets.dicom.verdict import Series


def found(folder: Path) -> list[Series]:
    return list(read_folder(folder).series)


def only(folder: Path) -> Series:
    (one,) = found(folder)
    return one


def refusal(folder: Path) -> str:
    one = only(folder)
    assert one.verdict == "refuse"
    assert one.stack is None
    return one.reason


def used(series_: Series) -> np.ndarray[Any, Any]:
    assert series_.verdict == "use", series_.reason
    assert series_.stack is not None
    return read_stack(series_.stack).array
