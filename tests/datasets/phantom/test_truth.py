"""What a phantom says about itself, measured again on its voxels."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest

from shoulderseg.datasets.phantom.deformation import Deformation
from shoulderseg.datasets.phantom.dimensions import Side
from shoulderseg.datasets.phantom.distributions import DISTRIBUTIONS
from shoulderseg.datasets.phantom.marginals import Sex
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.painting import paint
from shoulderseg.datasets.phantom.structures import SCAPULA, Structure
from shoulderseg.datasets.phantom.truth import fit_sphere, true_measurements

from .glenoid_face import face_on, face_surface, glenoid_height, glenoid_width
from .measures import (
    ball_through,
    covered_by,
    crossings,
    inclination_deg,
    retroversion_deg,
    scapular_axes,
)
from .scans import NO_SIGNAL, VOXEL_MM, Scan, bony, cube, draw, scan

SOUND = [(2, "left", "male"), (17, "right", "female")]
SICK = [
    (6, "left", "male", "arthrosis"),
    (9, "right", "female", "instability"),
    (13, "right", "male", "cuff-tear"),
]
BONY_LANDMARKS = (
    "trigonum",
    "inferior_angle",
    "superior_angle",
    "acromion_tip",
    "acromion_lateral",
    "acromial_angle",
    "coracoid_tip",
)
SCANNED = (
    "head_radius_mm",
    "glenoid_height_mm",
    "glenoid_width_mm",
    "glenoid_retroversion_deg",
    "glenoid_inclination_deg",
    "critical_shoulder_angle_deg",
)


def lengths_agree(measured: float, stated: float) -> bool:
    """Within one voxel or 2 %."""
    return abs(measured - stated) <= max(VOXEL_MM, 0.02 * stated)


@pytest.fixture(scope="module", params=[*SOUND, *SICK], ids=lambda case: "-".join(map(str, case)))
def joint(request: pytest.FixtureRequest) -> Scan:
    return scan(*request.param)


@pytest.fixture(scope="module", params=SOUND, ids=lambda case: "-".join(map(str, case)))
def sound(request: pytest.FixtureRequest) -> Scan:
    return scan(*request.param)


def test_head_radius_and_centre_on_voxels(joint: Scan) -> None:
    painted = joint.painted
    surface = covered_by(
        painted.humerus, Structure.HUMERAL_CARTILAGE, painted.tissue_map, joint.grid
    )
    stated = joint.truth["head_radius_mm"]
    away = np.linalg.norm(surface - joint.marks["head_centre"], axis=1)
    assert np.median(away) == pytest.approx(stated, abs=VOXEL_MM / 2)
    # The deformation makes the head a little less round.
    assert np.median(np.abs(away - stated)) < VOXEL_MM
    if joint.shoulder.findings.hill_sachs_depth_mm:
        # What is left of the head tells less about the sphere that it was.
        return
    ball = ball_through(surface)
    assert lengths_agree(ball.radius_mm, stated)
    assert np.linalg.norm(ball.centre - joint.marks["head_centre"]) < VOXEL_MM


def test_glenoid_height_and_inclination_on_voxels(joint: Scan) -> None:
    low, high = glenoid_height(joint.painted, joint.grid, joint.marks)
    measured, stated = float(np.linalg.norm(high - low)), joint.truth["glenoid_height_mm"]
    spur = joint.shoulder.findings.glenoid_osteophyte_mm
    if spur:
        # At the lower rim it adds to the height that the bone has by now.
        assert stated - VOXEL_MM <= measured <= stated + VOXEL_MM + spur
        return
    assert lengths_agree(measured, stated)
    half_voxel = np.degrees(np.arctan(VOXEL_MM / 2 / stated))
    assert inclination_deg(low, high, joint.marks) == pytest.approx(
        joint.truth["glenoid_inclination_deg"], abs=half_voxel
    )


def test_glenoid_width_and_version_on_voxels(joint: Scan) -> None:
    front, back = glenoid_width(joint.painted, joint.grid, joint.marks)
    stated = joint.truth["glenoid_width_mm"]
    assert lengths_agree(float(np.linalg.norm(back - front)), stated)
    half_voxel = np.degrees(np.arctan(VOXEL_MM / 2 / stated))
    assert retroversion_deg(front, back, joint.marks) == pytest.approx(
        joint.truth["glenoid_retroversion_deg"], abs=half_voxel
    )


@pytest.mark.parametrize(("sex", "published_mm"), [("female", 26.0), ("male", 31.0)])
def test_glenoids_are_as_wide_on_voxels_as_published_means_of_ct(
    sex: Sex, published_mm: float
) -> None:
    """The mean that is drawn, and what voxels take from it."""
    entry = DISTRIBUTIONS["glenoid_width_mm"]
    mean_mm, _ = entry.female if sex == "female" else entry.male
    taken_mm = []
    for seed in (2, 17):
        found = scan(seed, "left" if sex == "male" else "right", sex)
        front, back = glenoid_width(found.painted, found.grid, found.marks)
        # The deformation makes some wider and some narrower, none on average.
        taken_mm.append(found.truth["glenoid_width_mm"] - float(np.linalg.norm(back - front)))
    assert mean_mm - np.mean(taken_mm) == pytest.approx(published_mm, abs=0.4)


@pytest.mark.parametrize(("case", "percent"), [(SOUND[0], 20.0), (SOUND[1], 10.0)])
def test_bone_loss_on_voxels(case: tuple[int, str, str], percent: float) -> None:
    whole, worn = scan(*case), scan(*case, loss_percent=percent)
    surface = face_surface(whole.painted, whole.grid, whole.marks, "width")
    before, after = (face_on(surface, each.painted, each.grid) for each in (whole, worn))
    circle = before.lower_circle()
    measured = 100 * (1 - after.area_mm2(circle) / before.area_mm2(circle))
    assert circle.radius_mm == pytest.approx(whole.truth["glenoid_width_mm"] / 2, abs=VOXEL_MM)
    assert whole.truth["glenoid_bone_loss_percent"] == 0
    # The deformation hardly changes a share of an area.
    assert worn.truth["glenoid_bone_loss_percent"] == pytest.approx(percent, abs=1)
    assert measured == pytest.approx(worn.truth["glenoid_bone_loss_percent"], abs=2)
    # All of it is missing in front.
    lost = before.bone & ~after.bone
    front = np.average(before.raster_mm, weights=lost.sum(axis=0))
    assert front < circle.back - 0.5 * circle.radius_mm


def test_bone_loss_changes_nothing_else() -> None:
    whole, worn = scan(*SOUND[0]), scan(*SOUND[0], loss_percent=20.0)
    assert worn.shoulder.dimensions == whole.shoulder.dimensions
    findings = replace(worn.shoulder.findings, glenoid_bone_loss_percent=0.0)
    assert findings == whole.shoulder.findings
    np.testing.assert_array_equal(worn.painted.humerus, whole.painted.humerus)
    gone = whole.painted.glenoid - worn.painted.glenoid
    assert gone.min() > -1e-6
    assert gone.sum() > 500
    stated = dict(worn.truth, glenoid_bone_loss_percent=0.0)
    assert stated == whole.truth


def test_landmarks_are_on_the_bone(sound: Scan) -> None:
    scapula = [int(part) for part in SCAPULA]
    scene = bony(sound.scene)
    for name in BONY_LANDMARKS:
        block = paint(scene, cube(sound.marks[name], (11, 11, 11), VOXEL_MM), NO_SIGNAL, 1)
        bone = np.isin(block.tissue_map, scapula)
        assert bone.any(), f"{name} is more than 4 mm away from the bone"
        assert not bone.all(), f"{name} is more than 4 mm inside the bone"
    # The rim is rounded a little; its landmarks lie within a voxel's diagonal of where bone ends.
    edge = crossings(sound.painted.glenoid, sound.grid).spots
    for name in ("middle", "superior", "inferior", "anterior", "posterior"):
        away = np.linalg.norm(edge - sound.marks[f"glenoid_{name}"], axis=1).min()
        assert away < np.sqrt(3) * VOXEL_MM, name


def test_critical_shoulder_angle_on_voxels(sound: Scan) -> None:
    step = 1.6
    low = sound.marks["glenoid_inferior"]
    outer = sound.marks["acromion_lateral"]
    axis, up, back = scapular_axes(sound.marks)
    grid = cube(outer, (30, 32, 40), step)
    scene = sound.scene._replace(glenoid_region=lambda points: np.ones(len(points), dtype=bool))
    painted = paint(bony(scene), grid, NO_SIGNAL, 1)
    off = crossings(painted.glenoid, grid).spots - low
    # In front of the acromion the coracoid reaches as far out in some.
    roof = np.abs((off - (outer - low)) @ back) < 20
    outermost = np.degrees(np.arctan2(off[roof] @ axis, off[roof] @ up)).max()
    rim = sound.marks["glenoid_superior"] - low
    measured = outermost - np.degrees(np.arctan2(rim @ axis, rim @ up))
    one_voxel = np.degrees(np.arctan(step / np.linalg.norm(outer - low)))
    stated = sound.truth["critical_shoulder_angle_deg"]
    assert measured == pytest.approx(stated, abs=max(one_voxel, 0.02 * stated))


def test_scanned_shoulders_spread_as_the_drawn_ones_do() -> None:
    """The deformation adds little to the distributions of the sources."""
    stated, drawn = [], []
    for seed in range(60):
        shoulder, scene = draw(PhantomOptions(sex="female", health="healthy"), seed)
        truth = true_measurements(scene, shoulder)
        stated.append([truth[name] for name in SCANNED])
        drawn.append([asdict(shoulder.dimensions)[name] for name in SCANNED])
    values = np.array(stated)
    added = np.std(values - np.array(drawn), axis=0)
    for name, mean, spread, extra in zip(
        SCANNED, values.mean(axis=0), values.std(axis=0), added, strict=True
    ):
        expected, sd = DISTRIBUTIONS[name].female
        # Of 60 draws a mean is known to an eighth of the SD, an SD to a tenth of itself.
        assert mean == pytest.approx(expected, abs=0.4 * sd), name
        assert spread == pytest.approx(sd, rel=0.3), name
        assert extra < 0.55 * sd, name


@pytest.mark.parametrize("side", ["left", "right"])
def test_an_undeformed_shoulder_measures_what_was_drawn(side: Side) -> None:
    shoulder, scene = draw(PhantomOptions(side=side, health="healthy", bone_loss_percent=17.0), 5)
    still = Deformation(np.random.default_rng(0), 0.0)
    truth = true_measurements(scene._replace(deformation=still), shoulder)
    drawn = asdict(shoulder.dimensions)
    for name in ("head_radius_mm", "glenoid_height_mm", "glenoid_width_mm"):
        assert truth[name] == pytest.approx(drawn[name], abs=1e-4)
    assert truth["glenoid_retroversion_deg"] == pytest.approx(
        drawn["glenoid_retroversion_deg"], abs=1e-3
    )
    # Retroversion and the trigonum's height turn the scapular plane against the joint's by little.
    assert truth["glenoid_inclination_deg"] == pytest.approx(
        drawn["glenoid_inclination_deg"], abs=0.2
    )
    assert truth["critical_shoulder_angle_deg"] == pytest.approx(
        drawn["critical_shoulder_angle_deg"], abs=0.1
    )
    assert truth["glenoid_bone_loss_percent"] == pytest.approx(17, abs=0.05)


def test_sphere_through_points_on_paper() -> None:
    spots = np.array([[3.0, 0, 0], [-1, 0, 0], [1, 2, 0], [1, -2, 0], [1, 0, 2]])
    centre, radius = fit_sphere(spots)
    np.testing.assert_allclose(centre, [1, 0, 0], atol=1e-9)
    assert radius == pytest.approx(2)
