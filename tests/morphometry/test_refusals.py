"""What is refused, and why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shoulderseg.morphometry.catalogue import DEFINITIONS
from shoulderseg.morphometry.measure import measure_shoulder
from shoulderseg.morphometry.shoulder import Shoulder
from tests.morphometry.made_shoulder import Made, reasons, values, voxels

TO_FRONT = [name for name, one in DEFINITIONS.items() if one.to_front]


@pytest.fixture(scope="module")
def plain() -> Shoulder:
    return voxels(Made())


@pytest.mark.parametrize("side", ["", "right"])
def test_without_a_side_that_fits_the_front_is_not_guessed(plain: Shoulder, side: str) -> None:
    found = reasons(replace(plain, side=side))

    for name in TO_FRONT:
        assert "side" in found[name]
    assert not found["head_radius"]
    assert not found["glenoid_height"]


def test_slices_that_are_too_far_apart_along_a_length() -> None:
    found = reasons(voxels(Made(), (3.0, 0.7, 0.7)))

    assert "3.0 mm apart along it, expected at most 2.5" in found["glenoid_height"]
    assert not found["glenoid_width"]
    assert not found["subluxation_index"]
    assert found["bone_loss_area"]
    assert not found["head_radius"]


def test_slices_across_the_joint_that_are_too_far_apart() -> None:
    found = reasons(voxels(Made(dent=5.0), (0.8, 0.8, 4.0)))

    for name in ("joint_gap_minimum", "hill_sachs_depth", "bone_loss_area", "vault_retroversion"):
        assert "4.0 mm apart along it" in found[name]


def test_a_defect_may_be_where_the_image_ends() -> None:
    found = reasons(voxels(Made(dent=6.0), high=(70, 18, 40)))

    assert "does not show all of the head" in found["hill_sachs_depth"]
    assert not found["head_radius"]


def test_too_few_slices_through_the_head() -> None:
    found = reasons(voxels(Made(), (14.0, 0.8, 0.8)))

    assert "slices cross the head, expected at least 5" in found["head_radius"]


def test_a_head_that_the_image_cuts() -> None:
    found = reasons(voxels(Made(), high=(70, 40, 8)))

    assert found["head_radius"]
    assert found["joint_gap_minimum"]


def test_a_glenoid_that_the_image_cuts() -> None:
    found = reasons(voxels(Made(high=12.0, apart=20.0), high=(70, 40, 20)))

    assert found["glenoid_height"]


def test_a_shallow_vault_has_no_version() -> None:
    assert "mm of the vault" in reasons(voxels(Made(depth=12.0)))["vault_retroversion"]
    assert values(voxels(Made()))["vault_retroversion"] == pytest.approx(-7, abs=2)


@pytest.mark.parametrize("missing", ["humerus", "glenoid"])
def test_a_bone_that_is_not_there(plain: Shoulder, missing: str) -> None:
    nothing = np.zeros_like(plain.humerus)
    empty = (
        replace(plain, humerus=nothing) if missing == "humerus" else replace(plain, glenoid=nothing)
    )

    found = reasons(empty)

    assert found["head_radius"] == found[f"{missing}_volume"] == f"there is no {missing}"


@pytest.mark.parametrize("slices", [1, 2])
def test_a_slice_or_two_have_volumes_alone(plain: Shoulder, slices: int) -> None:
    part = slice(38, 38 + slices)
    found = values(replace(plain, humerus=plain.humerus[part], glenoid=plain.glenoid[part]))

    assert found["humerus_volume"] == plain.humerus[part].sum()
    assert (found["humerus_surface"] is None) == (slices == 1)
    assert found["head_radius"] is None


def test_bones_that_change_places_are_refused(plain: Shoulder) -> None:
    found = values(replace(plain, humerus=plain.glenoid, glenoid=plain.humerus))

    assert found["head_radius"] is None
    assert found["glenoid_height"] is None


def test_masks_that_do_not_belong_together(plain: Shoulder) -> None:
    with pytest.raises(ValueError, match="shapes"):
        measure_shoulder(replace(plain, glenoid=plain.glenoid[1:]))
    with pytest.raises(ValueError, match="affine"):
        measure_shoulder(replace(plain, affine=plain.affine * np.nan))
    with pytest.raises(ValueError, match="side"):
        measure_shoulder(replace(plain, side="links"))
