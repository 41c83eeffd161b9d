"""What of the scapula counts as glenoid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from shoulderseg.datasets.phantom.anatomy.glenoid import in_glenoid_region
from shoulderseg.datasets.phantom.frames import Points

from .tissues import drawn, frames_of

if TYPE_CHECKING:
    import numpy.typing as npt

DEPTH_MM = 30.0


def region(places: npt.NDArray[np.float64], seed: int) -> npt.NDArray[np.bool_]:
    """Whether places (3, n) of the glenoid's frame would count, if they are scapula."""
    shoulder = drawn("healthy", seed)
    frames = frames_of(shoulder)
    points = Points(frames["glenoid"].to_body(places), frames)
    return in_glenoid_region(shoulder.dimensions, DEPTH_MM, points)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("end", [-1.0, 1.0])
def test_it_ends_2_mm_beyond_the_ends_of_the_joint_surface(seed: int, end: float) -> None:
    half_mm = drawn("healthy", seed).dimensions.glenoid_height_mm / 2
    beyond = np.array([-2.0, 1.6, 2.4, 5.0])
    places = np.stack([np.full(4, -5.0), np.zeros(4), end * (half_mm + beyond)])

    assert region(places, seed).tolist() == [True, True, False, False]


@pytest.mark.parametrize("seed", range(3))
def test_it_ends_at_its_depth_behind_the_joint_surface(seed: int) -> None:
    behind = np.array([0.0, -DEPTH_MM + 1, -DEPTH_MM - 1])
    places = np.stack([behind, np.zeros(3), np.zeros(3)])

    assert region(places, seed).tolist() == [True, True, False]
