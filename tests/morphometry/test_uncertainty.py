"""How sure measures are: of which bone, along which direction, on which voxels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shoulderseg.morphometry.field_of_view import FieldOfView
from shoulderseg.morphometry.measure import measure_shoulder
from shoulderseg.morphometry.shoulder import Shoulder
from tests.morphometry.made_shoulder import Made, reasons, values, voxels

OF_BOTH = (
    *("joint_gap_minimum", "joint_gap_median", "subluxation_index"),
    *("head_offset", "head_offset_anterior"),
)


@pytest.fixture(scope="module")
def plain() -> Shoulder:
    return voxels(Made())


def sure(shoulder: Shoulder) -> dict[str, float | None]:
    return {one.name: one.uncertainty for one in measure_shoulder(shoulder)}


def test_what_both_bones_decide_is_as_sure_as_the_worse_of_them(plain: Shoulder) -> None:
    def of(humerus: float | None, glenoid: float | None) -> dict[str, float | None]:
        return sure(replace(plain, dice=(humerus, glenoid)))

    both, head, face = of(0.95, 0.95), of(0.6, 0.95), of(0.95, 0.6)
    unknown, other = of(None, 0.95), of(0.95, None)

    for name in OF_BOTH:
        known = both[name]
        assert known is not None
        assert (head[name] or 0) > 2 * known
        assert (face[name] or 0) > 2 * known
        assert unknown[name] is other[name] is None
    assert head["glenoid_height"] == both["glenoid_height"] == unknown["glenoid_height"]
    assert face["head_radius"] == both["head_radius"] == other["head_radius"]


def test_a_bone_is_as_sure_without_the_other(plain: Shoulder) -> None:
    alone = sure(replace(plain, glenoid=np.zeros_like(plain.glenoid)))

    for name in ("humerus_volume", "humerus_surface"):
        assert alone[name] == sure(plain)[name] is not None


def test_the_spacing_along_a_length_decides_how_sure_it_is() -> None:
    axial, sagittal = (
        sure(voxels(Made(), spacing)) for spacing in ((2.4, 0.6, 0.6), (0.6, 0.6, 2.4))
    )

    assert (axial["glenoid_height"] or 0) > 3 * (sagittal["glenoid_height"] or 0)
    assert (sagittal["joint_gap_minimum"] or 0) > 3 * (axial["joint_gap_minimum"] or 0)
    assert (axial["head_centre_superior"] or 0) > 2 * (sagittal["head_centre_superior"] or 0)
    for name in ("glenoid_area", "glenoid_volume", "humerus_surface"):
        assert axial[name] is sagittal[name] is None


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.75])
def test_the_height_on_slices_lies_within_its_interval(shift: float) -> None:
    made = Made(radius=23.3, low=13.4, high=9.3, apart=14.2)
    shoulder = voxels(made, (2.4, 0.6, 0.6), low=(-33, -33, -33 - 2.4 * shift), high=(56, 33, 33))

    off = abs((values(shoulder)["glenoid_height"] or 0) - made.height)

    assert off <= (sure(shoulder)["glenoid_height"] or 0)


def test_voxels_that_are_finer_than_any_that_were_looked_at_promise_no_more(
    plain: Shoulder,
) -> None:
    fine = voxels(Made(), (0.7, 0.7, 0.7))

    assert sure(fine)["glenoid_height"] == pytest.approx(sure(plain)["glenoid_height"])


def test_each_bone_of_an_examination_has_the_slices_of_its_own_series() -> None:
    made = voxels(Made(dent=5.0))
    thick, thin = (made.affine[:3, :3] @ np.diag([0.6, 0.6, last]) for last in (4.0, 0.6))

    def found(humerus: np.ndarray, glenoid: np.ndarray) -> dict[str, str]:
        views = FieldOfView(steps_mm=(humerus,)), FieldOfView(steps_mm=(glenoid,))
        return reasons(replace(made, in_view=views))

    head, face = found(thick, thin), found(thin, thick)

    for name in ("joint_gap_minimum", "joint_gap_median"):
        assert "4.0 mm apart along it" in head[name]
        assert "4.0 mm apart along it" in face[name]
    assert "4.0 mm apart" in head["hill_sachs_depth"]
    assert not face["hill_sachs_depth"]
    assert not head["bone_loss_area"]
    assert "4.0 mm apart" in face["bone_loss_area"]
