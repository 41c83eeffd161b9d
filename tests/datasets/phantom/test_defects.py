"""What lies in the room that a defect of a bone leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.phantom.anatomy.glenoid import (
    glenoid_distance,
    loss_plane_mm,
    outline,
    surface_mm,
)
from shoulderseg.datasets.phantom.anatomy.humerus import hill_sachs, sound_humerus_distance
from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder, build_scene
from shoulderseg.datasets.phantom.frames import Points
from shoulderseg.datasets.phantom.structures import Structure

from .tissues import block, drawn, tissue_at

if TYPE_CHECKING:
    import numpy.typing as npt


def hill_sachs_direction() -> npt.NDArray[np.float64]:
    """From the middle of the head to the defect, humerus frame."""
    direction = np.array([0.25, 0.80, 0.45])
    unit: npt.NDArray[np.float64] = direction / np.linalg.norm(direction)
    return unit


@pytest.mark.parametrize("seed", range(1, 4))
def test_fluid_fills_a_hill_sachs_defect(seed: int) -> None:
    shoulder = drawn("instability", seed, effusion_mm=2.0)
    head = shoulder.dimensions.head_radius_mm
    places = block((-0.5 * head, 0, -0.3 * head), (head, 1.2 * head, head))

    tissue, points = tissue_at(shoulder, "humerus", places)

    defect = (hill_sachs(shoulder.dimensions, shoulder.findings, points) < -0.5) & (
        sound_humerus_distance(shoulder.dimensions, points) < -1.2
    )
    held = Counter(one for one, inside in zip(tissue, defect, strict=True) if inside)
    assert held.total() > 100
    assert held[Structure.JOINT_FLUID] > 0.8 * held.total()
    # Out of the defect no membrane parts its fluid from the joint, where the head's outline was.
    outward = hill_sachs_direction() * np.arange(head - 2.0, head + 0.8, 0.1)[:, None]
    met, _ = tissue_at(shoulder, "humerus", outward.T)
    assert set(met) == {Structure.JOINT_FLUID}


def test_tendons_bridge_a_defect_and_leave_their_place_to_it() -> None:
    shoulder = drawn("instability", 1, effusion_mm=2.0)
    places = block((-20, 0, -20), (30, 40, 30), step_mm=1.0)
    scene = build_scene(shoulder, 30.0, whole=False)
    points = Points(scene.frames["humerus"].to_body(places), scene.frames)
    sound = sound_humerus_distance(shoulder.dimensions, points)

    tendons = [
        layer.distance(points) < 0
        for layer in scene.layers
        if layer.structure == Structure.INFRASPINATUS_TENDON
    ]
    defect = hill_sachs(shoulder.dimensions, shoulder.findings, points) < 0

    over = [np.count_nonzero(one & defect & (sound > 0)) for one in tendons]
    within = [np.count_nonzero(one & defect & (sound < -1)) for one in tendons]
    assert sum(over) > 20
    assert sum(within) == 0


def test_scar_fills_a_defect_of_a_dry_joint() -> None:
    shoulder = drawn("instability", 2, effusion_mm=0.0)
    head = shoulder.dimensions.head_radius_mm
    direction = hill_sachs_direction()
    deep = head - shoulder.findings.hill_sachs_depth_mm + 1.0

    (found,), _ = tissue_at(shoulder, "humerus", (direction * deep)[:, None])

    assert found == Structure.CAPSULE


@pytest.mark.parametrize("seed", range(2))
def test_fluid_lies_where_the_front_of_the_glenoid_is_lost_and_no_labrum(seed: int) -> None:
    shoulder = drawn("instability", seed, effusion_mm=2.0, glenoid_bone_loss_percent=20.0)
    sound = replace(shoulder.findings, glenoid_bone_loss_percent=0.0)
    places = block((-12, -20, -20), (4, 0, 10))

    tissue, points = tissue_at(shoulder, "glenoid", places)

    lost = (glenoid_distance(shoulder.dimensions, sound, points) < -0.3) & (
        glenoid_distance(shoulder.dimensions, shoulder.findings, points) > 1.0
    )
    held = Counter(one for one, inside in zip(tissue, lost, strict=True) if inside)
    assert held.total() > 100
    assert held[Structure.JOINT_FLUID] > 0.8 * held.total()
    before = places[1] < loss_plane_mm(shoulder.dimensions, shoulder.findings) - 0.1
    lower = places[2] < 0
    ahead = Counter(one for one, there in zip(tissue, before & lower, strict=True) if there)
    assert ahead[Structure.LABRUM] == 0
    # In front of the cut the fluid goes on to the head, without a membrane where the rim was.
    held = Counter(
        one for one, there in zip(tissue, in_gap(shoulder, places, points), strict=True) if there
    )
    assert held.total() > 20
    assert held[Structure.CAPSULE] == 0
    behind, _ = tissue_at(shoulder, "glenoid", block((-2, 0, -20), (6, 20, 10)))
    assert Structure.LABRUM in behind


def in_gap(
    shoulder: Shoulder, places: npt.NDArray[np.float64], points: Points
) -> npt.NDArray[np.bool_]:
    """Between the lost front of the glenoid and the head's cartilage."""
    dimensions = shoulder.dimensions
    up = places[0] - surface_mm(dimensions, places)
    cut = loss_plane_mm(dimensions, shoulder.findings)
    clear = sound_humerus_distance(dimensions, points) > dimensions.humeral_cartilage_mm + 0.2
    gap: npt.NDArray[np.bool_] = (
        (places[1] < cut - 1) & (outline(dimensions, places) < -0.5) & (up > 0) & (up < 2.5) & clear
    )
    return gap
