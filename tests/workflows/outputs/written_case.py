"""Writes the outputs of the oblique, lopsided shoulder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pydicom

from shoulderseg.workflows.outputs.plan import Case, OutputPlan
from shoulderseg.workflows.outputs.write import write_outputs
from tests.datasets.oblique_case import (
    GLENOID,
    HUMERUS,
    lopsided_labels,
    oblique_image,
    write_sources,
)

if TYPE_CHECKING:
    import numpy.typing as npt

VALUES = {"humerus": HUMERUS, "glenoid": GLENOID}


def write_case(
    plan: OutputPlan, case: Case, label_map: npt.NDArray[np.uint8] | None = None
) -> dict[str, Any]:
    """Writes a case, with a label map of its own or the lopsided bones; gives its record."""
    plan.start()
    written = lopsided_labels() if label_map is None else label_map
    return write_outputs(plan, case, written, oblique_image(), VALUES)


def damaged_sources(tmp_path: Path) -> list[Path]:
    """A series whose files name no frame of reference."""
    sources = write_sources(tmp_path / "series", oblique_image())
    for path in sources:
        dataset = pydicom.dcmread(path)
        del dataset.FrameOfReferenceUID
        dataset.save_as(path)
    return sources
