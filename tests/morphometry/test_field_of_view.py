"""Measures of bones whose mask has finer voxels than the images it comes from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shoulderseg.morphometry.field_of_view import FieldOfView
from shoulderseg.morphometry.shoulder import Shoulder
from tests.morphometry.made_shoulder import Floats, Made, reasons, voxels


def test_fused_voxels_are_no_finer_than_the_slices_they_come_from() -> None:
    plain = voxels(Made())
    axial, sagittal = np.diag([4.0, 0.7, 0.7]), np.diag([0.7, 0.7, 4.0])
    to_lps = plain.affine[:3, :3]

    def fused(*steps: Floats) -> Shoulder:
        seen = FieldOfView(steps_mm=tuple(to_lps @ one for one in steps))
        return replace(plain, in_view=(seen, seen))

    thick, crossed = reasons(fused(axial)), reasons(fused(axial, sagittal))

    assert "4.0 mm apart along it" in thick["glenoid_height"]
    assert "apart" in thick["bone_loss_area"]
    assert not thick["glenoid_width"]
    assert not crossed["glenoid_height"]
    assert not crossed["bone_loss_area"]
    coarse = reasons(fused(np.diag([12.0, 0.7, 0.7])))
    assert "slices cross the head, expected at least 5" in coarse["glenoid_height"]
