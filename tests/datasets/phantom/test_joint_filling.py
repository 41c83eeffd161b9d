"""What lies between the bones of a joint and around them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import ndimage, spatial

from shoulderseg.datasets.phantom.anatomy.disease import draw_findings, wear_cartilage
from shoulderseg.datasets.phantom.anatomy.glenoid import (
    outline,
)
from shoulderseg.datasets.phantom.anatomy.joint import cavity_distance
from shoulderseg.datasets.phantom.anatomy.pose import joint_space_mm
from shoulderseg.datasets.phantom.dimensions import sample_dimensions
from shoulderseg.datasets.phantom.structures import Structure

from .tissues import across_joint, block, drawn, tissue_at

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.options import Health


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("health", ["healthy", "arthrosis"])
def test_a_film_of_fluid_parts_the_cartilages(health: Health, seed: int) -> None:
    tissue = across_joint(drawn(health, seed, effusion_mm=0.0), 0.0)

    order = [one for one, before in zip(tissue, [None, *tissue], strict=False) if one != before]
    begin = order.index(Structure.GLENOID_CARTILAGE)
    assert order[begin : begin + 3] == [
        Structure.GLENOID_CARTILAGE,
        Structure.JOINT_FLUID,
        Structure.HUMERAL_CARTILAGE,
    ]
    assert Structure.CAPSULE not in tissue


@pytest.mark.parametrize("seed", [0, 1, 2, 10])
def test_nothing_but_fluid_parts_worn_cartilages_anywhere_in_the_middle(seed: int) -> None:
    shoulder = drawn("arthrosis", seed, effusion_mm=0.0)
    between = {Structure.GLENOID_CARTILAGE, Structure.JOINT_FLUID, Structure.HUMERAL_CARTILAGE}

    for height in np.arange(-9.0, 7.0, 3.0):
        tissue = across_joint(shoulder, height)
        first = tissue.index(Structure.GLENOID_CARTILAGE)
        head = tissue[first:].index(Structure.HUMERAL_CARTILAGE)
        assert set(tissue[first : first + head + 1]) == between


@pytest.mark.parametrize("seed", range(3))
def test_the_film_of_a_dry_joint_is_thin_in_the_lower_half_too(seed: int) -> None:
    shoulder = drawn("healthy", seed, effusion_mm=0.0)

    tissue = across_joint(shoulder, -10.0)

    thick_mm = 0.05 * tissue.count(Structure.JOINT_FLUID)
    assert 0 < thick_mm <= 2 * shoulder.dimensions.joint_fluid_mm
    assert Structure.CAPSULE not in tissue


@pytest.mark.parametrize("seed", range(2))
def test_a_dry_joint_holds_fluid_between_its_bones_alone(seed: int) -> None:
    shoulder = drawn("healthy", seed, effusion_mm=0.0)
    dimensions = shoulder.dimensions
    far = 2 * dimensions.head_radius_mm + 12
    places = block((-14, -30, -30), (far, 30, 30), step_mm=1.1)

    tissue, points = tissue_at(shoulder, "glenoid", places)

    # The tendon of biceps has fluid of its own in its sheath.
    biceps = np.array([one == Structure.BICEPS_LONG_TENDON for one in tissue])
    to_biceps, _ = spatial.KDTree(places[:, biceps].T).query(places.T)
    wet = np.array([one == Structure.JOINT_FLUID for one in tissue]) & (to_biceps > 8)
    assert wet.any()
    # Little is left in hollows of the neck.
    assert np.mean(places[0, wet] < dimensions.head_radius_mm) > 0.9
    assert np.mean(outline(dimensions, places[:, wet]) < 0) > 0.85
    noise = shoulder.noise
    inside = cavity_distance(dimensions, shoulder.findings, noise, points)
    assert (inside[wet] < 0.7).all()


@pytest.mark.parametrize("seed", range(4))
def test_a_worn_joint_is_narrow(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sound = sample_dimensions(rng, side="left")
    findings = draw_findings("arthrosis", None, sound, rng)

    worn = wear_cartilage(sound, findings)

    cartilage_mm = sound.humeral_cartilage_mm + sound.glenoid_cartilage_mm
    lost = findings.cartilage_loss * cartilage_mm
    assert lost > 0.3
    assert joint_space_mm(sound) - joint_space_mm(worn) == pytest.approx(lost)


@pytest.mark.parametrize("seed", [0, 2, 11])
def test_bones_of_a_worn_joint_are_as_far_apart_as_stated(seed: int) -> None:
    shoulder = drawn("arthrosis", seed)

    tissue = across_joint(shoulder, 0.0)

    soft = [Structure.GLENOID_CARTILAGE, Structure.JOINT_FLUID, Structure.HUMERAL_CARTILAGE]
    gap_mm = 0.05 * sum(tissue.count(one) for one in soft)
    assert gap_mm == pytest.approx(joint_space_mm(shoulder.dimensions), abs=0.2)


@pytest.mark.parametrize("seed", range(3))
def test_the_coracoid_grows_out_of_the_upper_glenoid(seed: int) -> None:
    shoulder = drawn("healthy", seed)
    lines = np.arange(-45.0, 25.0, 0.7), np.arange(-25.0, 45.0, 0.7)
    across, up = np.meshgrid(*lines, indexing="ij")
    places = np.stack([np.full(across.size, -9.0), across.ravel(), up.ravel()])

    tissue, _ = tissue_at(shoulder, "glenoid", places)

    marrow = np.array([one == Structure.SCAPULA_MARROW for one in tissue]).reshape(across.shape)
    pieces, _ = ndimage.label(marrow)
    joint = pieces[np.abs(lines[0]).argmin(), np.abs(lines[1]).argmin()]
    assert joint > 0
    # One marrow from the joint's neck to well in front of and above it.
    assert lines[0][np.nonzero((pieces == joint).any(axis=1))[0][0]] < -20


@pytest.mark.parametrize("seed", range(3))
def test_vessels_lie_in_fat_in_the_notch_behind_the_neck(seed: int) -> None:
    shoulder = drawn("healthy", seed)
    places = block((-26, 4, 4), (-14, 22, 26))

    tissue, _ = tissue_at(shoulder, "scapula", places)

    held = Counter(tissue)
    assert held[Structure.VEIN] > 60
    assert held[Structure.NEUROVASCULAR_FAT] > 5 * held[Structure.VEIN]
