"""The vault's version: where it is given, and where it is not."""

from __future__ import annotations

import pytest

from shoulderseg.morphometry.measure import measure_shoulder
from tests.morphometry.made_shoulder import Made, reasons, values, voxels


def test_a_shallow_vault_has_no_version() -> None:
    assert "mm of the vault" in reasons(voxels(Made(depth=12.0)))["vault_retroversion"]
    assert values(voxels(Made()))["vault_retroversion"] == pytest.approx(-7, abs=2)


def test_a_vault_that_the_image_cuts_has_no_end() -> None:
    found = reasons(voxels(Made(depth=40.0)))

    assert found["vault_retroversion"] == "the image's border cuts the vault's deep end"


def test_a_mask_of_more_scapula_than_the_glenoid_has_no_vault() -> None:
    shoulder = voxels(Made(depth=60.0), low=(-80, -40, -40))

    found = {one.name: one for one in measure_shoulder(shoulder)}

    assert "mm behind the face, expected at most 35" in found["vault_retroversion"].refused
    for name in ("glenoid_volume", "glenoid_surface"):
        assert "the mask reaches 61 mm behind the face" in found[name].note
    assert found["glenoid_height"].value
