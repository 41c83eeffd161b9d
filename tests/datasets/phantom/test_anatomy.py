"""What holds for every shoulder: whole bones apart from each other, mirrored sides, the glenoid."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from scipy import ndimage

from shoulderseg.datasets.phantom.anatomy.shoulder import build_scene, draw_shoulder
from shoulderseg.datasets.phantom.deformation import Deformation
from shoulderseg.datasets.phantom.dimensions import Side
from shoulderseg.datasets.phantom.marginals import Sex
from shoulderseg.datasets.phantom.options import Health, PhantomOptions
from shoulderseg.datasets.phantom.painting import paint
from shoulderseg.datasets.phantom.scanner.coils import sensitivity
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol
from shoulderseg.datasets.phantom.scanner.signals import structure_signals
from shoulderseg.datasets.phantom.structures import HUMERUS, SCAPULA, Structure
from shoulderseg.datasets.phantom.truth import true_measurements

from .measures import ball_through, covered_by, crossings, pieces_of, touching
from .scans import NO_SIGNAL, VOXEL_MM, Scan, bony, cube, draw, scan


class Person(NamedTuple):
    seed: int
    side: Side
    sex: Sex
    health: Health = "healthy"
    loss_percent: float = 0.0


PEOPLE = [
    Person(2, "left", "male"),
    Person(17, "right", "female"),
    Person(2, "left", "male", "healthy", 20.0),
    Person(6, "left", "male", "arthrosis"),
    Person(9, "right", "female", "instability"),
    Person(13, "right", "male", "cuff-tear"),
]


@pytest.fixture(scope="module", params=PEOPLE, ids=lambda person: "-".join(map(str, person)))
def joint(request: pytest.FixtureRequest) -> Scan:
    return scan(*request.param)


def test_each_bone_is_one_piece(joint: Scan) -> None:
    assert len(pieces_of(joint.humerus)) == 1
    largest, *rest = pieces_of(joint.glenoid)
    # Of the coracoid's base a corner may come within the glenoid's reach.
    assert sum(rest) < 0.01 * largest
    assert largest * VOXEL_MM**3 > 8000


def test_bones_do_not_overlap_and_do_not_touch(joint: Scan) -> None:
    assert (joint.painted.humerus + joint.painted.glenoid).max() <= 1 + 1e-6
    touched = touching(joint.humerus, joint.glenoid)
    assert touched == 0


# Of these women the acromion once lay on the head: upward facing joints, narrow arches.
@pytest.mark.parametrize(
    "person",
    [Person(seed, "left", "female") for seed in (1005, 1009, 1011, 1014, 1017)]
    + [Person(seed, "right", "male", "arthrosis") for seed in (1, 40)]
    + [Person(3, "left", "female", "cuff-tear")],
    ids=lambda person: "-".join(map(str, person)),
)
def test_no_part_of_the_scapula_touches_the_humerus(person: Person) -> None:
    seed, side, sex, health, _ = person
    options = PhantomOptions(side=side, sex=sex, health=health, bone_loss_percent=0.0)
    shoulder, scene = draw(options, seed, whole=True)
    head = np.array(true_measurements(scene, shoulder)["landmarks_lps_mm"]["head_centre"])
    # A worn joint is narrower than the diagonal of a coarser voxel.
    grid = cube(head, (78, 78, 78), 1.0)
    painted = paint(bony(scene), grid, NO_SIGNAL, 1)
    humerus, scapula = painted.humerus >= 0.5, painted.glenoid >= 0.5
    assert scapula[52:].any()
    touched = touching(humerus, scapula)
    assert touched == 0


@pytest.mark.parametrize("seed", [1001, 1009])
def test_the_acromion_is_as_far_above_the_head_as_the_acromiohumeral_distance(seed: int) -> None:
    options = PhantomOptions(side="left", sex="female", health="healthy")
    shoulder, scene = draw(options, seed, whole=True)
    dimensions, step = shoulder.dimensions, 1.0
    scene = scene._replace(deformation=Deformation(np.random.default_rng(0), 0.0))
    head = np.array(true_measurements(scene, shoulder)["landmarks_lps_mm"]["head_centre"])
    # Above the head and the upper rim of the glenoid, which comes as near.
    above = cube(head + np.array([6, 0, 34]), (30, 56, 44), step)
    painted = paint(bony(scene), above, NO_SIGNAL, 1)
    edge = crossings(painted.glenoid, above).spots
    closest = np.linalg.norm(edge - head, axis=1).min() - dimensions.head_radius_mm
    assert closest == pytest.approx(dimensions.acromiohumeral_distance_mm, abs=step)


@pytest.mark.parametrize("seed", [36, 22])
def test_osteophytes_do_not_bridge_the_joint(seed: int) -> None:
    options = PhantomOptions(health="arthrosis", side="left", bone_loss_percent=0.0)
    shoulder, scene = draw(options, seed)
    rim = true_measurements(scene, shoulder)["landmarks_lps_mm"]["glenoid_inferior"]
    painted = paint(bony(scene), cube(np.array(rim), (32, 36, 32), VOXEL_MM), NO_SIGNAL, 1)
    humerus, glenoid = painted.humerus >= 0.5, painted.glenoid >= 0.5
    assert humerus.any()
    assert glenoid.any()
    touched = touching(humerus, glenoid)
    assert touched == 0


def test_labels_lie_on_their_bones(joint: Scan) -> None:
    for mask, bone in ((joint.humerus, HUMERUS), (joint.glenoid, SCAPULA)):
        is_bone = np.isin(joint.painted.tissue_map, [int(part) for part in bone])
        # Of a voxel that is half bone, rounding decides.
        clear = ndimage.binary_erosion(mask)
        assert is_bone[clear].all()
        assert (mask & ~is_bone).sum() < 0.001 * mask.sum()
    humerus = np.isin(joint.painted.tissue_map, [int(part) for part in HUMERUS])
    assert (humerus & ~joint.humerus).sum() < 0.001 * humerus.sum()


def test_cartilage_lies_between_the_bones(joint: Scan) -> None:
    """On the way from the head to the upper glenoid come bone, both cartilages, and bone."""
    head = joint.marks["head_centre"]
    # The cap looks up; of a raised arm its lower edge is level with the middle of the joint.
    socket = (joint.marks["glenoid_middle"] + joint.marks["glenoid_superior"]) / 2
    way = (socket - head) / np.linalg.norm(socket - head)
    steps = np.arange(0, np.linalg.norm(socket - head) + 6, 0.2)
    spots = head + steps[:, None] * way
    index = np.rint((spots - np.array(joint.grid.origin_mm)) / VOXEL_MM).astype(int)
    met = joint.painted.tissue_map[index[:, 2], index[:, 1], index[:, 0]]
    order = [
        np.flatnonzero(np.isin(met, [int(p) for p in parts]))
        for parts in (
            HUMERUS,
            {Structure.HUMERAL_CARTILAGE},
            {Structure.GLENOID_CARTILAGE},
            SCAPULA,
        )
    ]
    humerus, head_cover, socket_cover, scapula = order
    assert humerus[0] == 0
    assert humerus[-1] < scapula[0]
    between = np.concatenate([head_cover, socket_cover])
    # A worn layer may be thinner than a voxel.
    assert between.size
    if joint.shoulder.findings.cartilage_loss == 0:
        assert head_cover.size
        assert socket_cover.size
        assert head_cover[-1] < socket_cover[0]
    assert (between > humerus[-1]).all()
    assert (between < scapula[0]).all()


def test_the_glenoid_is_within_its_depth_of_the_joint_surface(joint: Scan) -> None:
    spots = covered_by(
        joint.painted.glenoid, Structure.GLENOID_CARTILAGE, joint.painted.tissue_map, joint.grid
    )
    edge = crossings(joint.painted.glenoid, joint.grid).spots
    away = np.linalg.norm(edge[:, None] - spots[None, ::15], axis=2).min(axis=1)
    # Cartilage ends a millimetre inside the rim; deformation stretches by a tenth.
    assert away.max() < 30 * 1.1 + 1 + VOXEL_MM


def test_the_glenoid_shrinks_with_its_depth_and_the_scapula_holds_it() -> None:
    options = PhantomOptions(side="left", sex="female", health="healthy")
    shoulder, scene = draw(options, 5)
    grid = cube(scene.joint_mm - [12, 0, 0], (30, 24, 32), 1.9)
    found = []
    for depth_mm, whole in ((10.0, False), (20.0, False), (30.0, False), (30.0, True)):
        scene = bony(build_scene(shoulder, depth_mm, whole=whole))
        found.append(paint(scene, grid, NO_SIGNAL, 1).glenoid >= 0.5)
    for small, large in pairwise(found):
        assert not (small & ~large).any()
        assert small.sum() < 0.9 * large.sum()
    # Coracoid, acromion and spine make the whole much more than the joint and its neck.
    assert found[3].sum() > 1.2 * found[2].sum()


def test_left_and_right_are_mirror_images() -> None:
    protocol = sample_protocol("t1-se", "axial", np.random.default_rng(0))
    signals = structure_signals(protocol)
    painted = []
    sides: list[Side] = ["left", "right"]
    for side in sides:
        _, scene = draw(PhantomOptions(side=side, health="cuff-tear"), 8)
        painted.append(paint(scene, cube(scene.joint_mm, (5, 36, 36), 2.4), signals, 1))
    left, right = painted
    for name in ("humerus", "glenoid"):
        one, other = getattr(left, name), getattr(right, name)[:, :, ::-1]
        np.testing.assert_allclose(one, other, atol=1e-3, err_msg=name)
    # Fat has or has not a septum; where one begins, rounding decides.
    for name in ("water", "fat"):
        one, other = getattr(left, name), getattr(right, name)[:, :, ::-1]
        assert (np.abs(one - other) < 2e-3 * one.max()).mean() > 0.999
    assert (left.tissue_map == right.tissue_map[:, :, ::-1]).mean() > 0.999


def test_the_head_is_nearly_round_and_the_joint_is_narrow(joint: Scan) -> None:
    surface = covered_by(
        joint.painted.humerus, Structure.HUMERAL_CARTILAGE, joint.painted.tissue_map, joint.grid
    )
    assert ball_through(surface).off_mm < VOXEL_MM
    edge = crossings(joint.painted.glenoid, joint.grid).spots
    centre = joint.marks["head_centre"]
    gap = np.linalg.norm(edge - centre, axis=1).min() - joint.truth["head_radius_mm"]
    # Both cartilages and the film between them; less where they are worn.
    assert 0.8 < gap < 6


def test_some_coils_cover_the_arm_alone_and_fade_towards_the_chest() -> None:
    """How much of the head's signal a coil without correction hears of the neck of the scapula."""
    kept: dict[int, list[float]] = {}
    for seed in range(60):
        shoulder = draw_shoulder(PhantomOptions(side="left"), np.random.default_rng(seed))
        places = shoulder.joint_mm + np.array([[30.0, 0, 0], [-30.0, 0, 0]])
        head, neck = sensitivity(places, shoulder.coils_mm, 1.0)
        kept.setdefault(len(shoulder.coils_mm), []).append(float(neck / head))
    assert sorted(kept) == [4, 6]
    assert 0.15 < len(kept[4]) / 60 < 0.45
    assert np.mean(kept[4]) < 0.45
    assert np.mean(kept[6]) > np.mean(kept[4]) + 0.08
