"""Arms at rest and raised."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.phantom.anatomy.pose import raise_arm, shoulder_frames
from shoulderseg.datasets.phantom.case import GLENOID_LABEL, HUMERUS_LABEL, PhantomCase, make_case
from shoulderseg.datasets.phantom.dimensions import Side, sample_dimensions
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.planning import plan_grid
from shoulderseg.datasets.phantom.scanner.protocol import Plane
from shoulderseg.datasets.phantom.scanner.sampling import sample_protocol

SEEDS = st.integers(0, 2**32 - 1)
UP = np.array([0.0, 0.0, 1.0])
POSE = {
    "abduction_deg",
    "flexion_deg",
    "humeral_rotation_deg",
    "scapular_rotation_deg",
    "scapular_tilt_deg",
    "scapular_protraction_deg",
}


@given(SEEDS)
def test_a_raised_arm_points_sideways_or_up_and_takes_the_scapula_along(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rest = sample_dimensions(rng)
    raised = raise_arm(rest, rng)
    changed = {name for name, value in asdict(rest).items() if asdict(raised)[name] != value}
    assert changed == POSE
    before, after = shoulder_frames(rest), shoulder_frames(raised)
    # The humerus frame's z axis looks up along the canal, to the head.
    hanging, lifted = (
        np.degrees(np.arccos(frames["humerus"].axes[:, 2] @ UP)) for frames in (before, after)
    )
    assert hanging < 40
    # Forwards or backwards of the frontal plane is never nearer to the trunk.
    assert lifted > 60 - 1e-6
    # One degree of the scapula for two of the joint, once the arm is 30 degrees away.
    share = raised.scapular_rotation_deg - rest.scapular_rotation_deg
    assert share == pytest.approx((raised.abduction_deg - 30) / 3)
    # A joint that looked up by some degrees looks up by more.
    assert after["glenoid"].axes[:, 0] @ UP > before["glenoid"].axes[:, 0] @ UP


@given(SEEDS, st.sampled_from(["coronal", "isotropic", "sagittal"]))
def test_feet_are_down_in_the_images_of_a_raised_arm(seed: int, plane: Plane) -> None:
    rng = np.random.default_rng(seed)
    dimensions = raise_arm(sample_dimensions(rng), rng)
    grid = plan_grid(
        sample_protocol("pd-fs", plane, rng),
        shoulder_frames(dimensions),
        mirrored=dimensions.side == "right",
        joint_mm=np.zeros(3),
        rng=rng,
    )
    rows = np.reshape(grid.direction, (3, 3))[:, 1]
    assert rows @ -UP > 0.7


def made(side: Side, *, raised: bool) -> PhantomCase:
    options = PhantomOptions(
        sequence="pd-tse",
        plane="axial",
        side=side,
        health="healthy",
        raised=raised,
        field_t=1.5,
        shape=(30, 48, 52),
        spacing_mm=(5.0, 4.0, 3.5),
    )
    return make_case(options, np.random.default_rng(8), workers=1)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_humerus_of_a_raised_arm_rises_above_the_joint(side: Side) -> None:
    heights = {}
    for raised in (False, True):
        case = made(side, raised=raised)
        levels = [
            np.average(np.arange(30), weights=(case.label_map == label).sum(axis=(1, 2)))
            for label in (HUMERUS_LABEL, GLENOID_LABEL)
        ]
        heights[raised] = 5.0 * (levels[0] - levels[1])
        assert case.parameters["dimensions"]["side"] == side
    assert heights[False] < -5
    assert heights[True] > 5
