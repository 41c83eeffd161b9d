"""Hill-Sachs defects on heads whose neck is known on paper."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shoulderseg.morphometry.measure import measure_shoulder
from shoulderseg.morphometry.shoulder import Measure, Shoulder
from tests.morphometry.made_shoulder import Made, necked_at, places, voxels

NECK, REACH_DEG = 17.0, 82.0


@pytest.fixture(scope="module")
def plain() -> Shoulder:
    return voxels(Made())


def dented(plain: Shoulder, depth: float, ball: float, *towards: float) -> dict[str, Measure]:
    way = np.array(towards) / np.linalg.norm(towards)
    humerus = necked_at(Made(), places(plain), NECK, REACH_DEG, (depth, ball, way))
    return {one.name: one for one in measure_shoulder(replace(plain, humerus=humerus))}


@pytest.mark.parametrize(
    ("depth", "towards"), [(3.0, (-0.55, 0.75, 0.3)), (4.0, (-0.7, 0.65, 0.3))]
)
def test_a_dent_within_the_joint_surface_is_without_the_neck(
    plain: Shoulder, depth: float, towards: tuple[float, ...]
) -> None:
    # The neck lies 7 mm under the sphere, 20 to 30 degrees from the dent.
    ball, head = 8.0, 24.0
    far = head - depth + ball
    along = (far**2 + head**2 - ball**2) / (2 * far)
    half = np.sqrt(head**2 - along**2)
    caps = [(head - along, half), (ball - (far - along), half)]
    volume = sum(np.pi * high * (3 * a**2 + high**2) / 6 for high, a in caps)
    angle = np.degrees(np.arccos(-towards[0] / np.linalg.norm(towards)))

    found = dented(plain, depth, ball, *towards)

    value = {name: one.value for name, one in found.items()}
    assert value["hill_sachs_depth"] == pytest.approx(depth, abs=0.5)
    assert value["hill_sachs_length"] == pytest.approx(2 * half, abs=2)
    assert value["hill_sachs_width"] == pytest.approx(2 * half, abs=2.5)
    assert value["hill_sachs_volume"] == pytest.approx(volume, rel=0.2)
    assert value["hill_sachs_angle"] == pytest.approx(angle, abs=4)
    assert not found["hill_sachs_width"].note


def test_a_defect_that_reaches_the_margin_says_that_it_goes_on() -> None:
    found = {one.name: one for one in measure_shoulder(voxels(Made(dent=6.0)))}

    for what in ("width", "length", "volume", "angle"):
        assert "the whole may be larger" in found[f"hill_sachs_{what}"].note
    assert not found["hill_sachs_depth"].note


def test_a_head_whose_drawing_ends_in_a_plane_is_not_dented() -> None:
    shoulder = voxels(Made(), (2.0, 0.8, 0.8))
    where = places(shoulder)
    head = necked_at(Made(), where, 20.0, 95.0)

    whole, short = (
        {one.name: one for one in measure_shoulder(replace(shoulder, humerus=mask))}
        for mask in (head, head & (where[..., 2] <= 18))
    )

    assert whole["hill_sachs_depth"].value == 0
    assert "ends in a plane across an axis of the mask" in short["hill_sachs_depth"].refused
