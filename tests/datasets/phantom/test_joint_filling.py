"""What lies between the bones of a joint, and in the room that a defect leaves."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import ndimage, spatial

from shoulderseg.datasets.phantom.anatomy.disease import draw_findings, wear_cartilage
from shoulderseg.datasets.phantom.anatomy.glenoid import (
    glenoid_distance,
    loss_plane_mm,
    outline,
    surface_mm,
)
from shoulderseg.datasets.phantom.anatomy.humerus import hill_sachs, sound_humerus_distance
from shoulderseg.datasets.phantom.anatomy.joint import cavity_distance
from shoulderseg.datasets.phantom.anatomy.pose import joint_space_mm
from shoulderseg.datasets.phantom.anatomy.shoulder import Shoulder, build_scene, draw_shoulder
from shoulderseg.datasets.phantom.coats import lay_coats
from shoulderseg.datasets.phantom.dimensions import sample_dimensions
from shoulderseg.datasets.phantom.frames import FrameName, Points
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.structures import Structure

if TYPE_CHECKING:
    import numpy.typing as npt

    from shoulderseg.datasets.phantom.options import Health

FINE_MM = 0.1


def drawn(health: Health, seed: int, **findings: float) -> Shoulder:
    options = PhantomOptions(side="left", health=health)
    shoulder = draw_shoulder(options, np.random.default_rng(seed))
    changed: dict[str, Any] = {**findings}
    return replace(shoulder, findings=replace(shoulder.findings, **changed))


def tissue_at(
    shoulder: Shoulder, frame: FrameName, places: npt.NDArray[np.float64]
) -> tuple[list[Structure], Points]:
    """The topmost structure at places (3, n) of a frame."""
    scene = build_scene(shoulder, 30.0, whole=False)
    points = Points(scene.frames[frame].to_body(places), scene.frames)
    laid = lay_coats(scene.layers, points, lambda _: FINE_MM)
    return [Structure(value) for value in laid.tissue], points


def block(
    low: tuple[float, ...], high: tuple[float, ...], step_mm: float = 0.7
) -> npt.NDArray[np.float64]:
    lines = [np.arange(first, last, step_mm) for first, last in zip(low, high, strict=True)]
    return np.stack([part.ravel() for part in np.meshgrid(*lines, indexing="ij")])


def hill_sachs_direction() -> npt.NDArray[np.float64]:
    """From the middle of the head to the defect, humerus frame."""
    direction = np.array([0.25, 0.80, 0.45])
    unit: npt.NDArray[np.float64] = direction / np.linalg.norm(direction)
    return unit


def across_joint(shoulder: Shoulder, height_mm: float) -> list[Structure]:
    """What a line from the glenoid's marrow to that of the head meets, every 0.05 mm."""
    across = np.arange(-1.0, 12.0, 0.05)
    line = np.stack([across, np.zeros_like(across), np.full_like(across, height_mm)])
    return tissue_at(shoulder, "glenoid", line)[0]


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
