from __future__ import annotations

import numpy as np
import pytest

from shoulderseg.datasets.dicom.description import plane_of


@pytest.mark.parametrize(
    ("off_deg", "named"),
    [
        (0, "coronal"),
        (9, "coronal"),
        (20, "oblique coronal"),
        (34, "oblique coronal"),
        (44, "oblique (44° from coronal towards sagittal)"),
        (46, "oblique (44° from sagittal towards coronal)"),
        (56, "oblique sagittal"),
        (85, "sagittal"),
    ],
)
def test_planes_between_two_have_both_names(off_deg: float, named: str) -> None:
    angle = np.radians(off_deg)
    assert plane_of((np.sin(angle), np.cos(angle), 0)) == named
    assert plane_of((np.sin(angle), -np.cos(angle), 0)) == named
