from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume, describe_grid_difference, same_grid


def test_same_grid_ignores_the_voxel_values(oblique: Volume) -> None:
    other = replace(oblique, array=oblique.array * 2)
    assert same_grid(oblique, other)
    assert describe_grid_difference(other, oblique) == ""


@pytest.mark.parametrize(("shift_mm", "same"), [(0.099, True), (0.101, False)])
def test_tolerance_is_a_distance(oblique: Volume, shift_mm: float, same: bool) -> None:
    x, y, z = oblique.origin_mm
    assert same_grid(replace(oblique, origin_mm=(x, y + shift_mm, z)), oblique) is same


def test_spacing_difference_counts_at_the_far_corner(oblique: Volume) -> None:
    # 10 steps along x: 0.02 mm per step are 0.2 mm at the far corner.
    other = replace(oblique, spacing_mm=(3.0, 0.5, 0.72))
    assert not same_grid(other, oblique)
    assert same_grid(other, oblique, tolerance_mm=0.21)
    words = describe_grid_difference(other, oblique)
    assert words.startswith("voxels lie up to 0.2 mm apart, at most 0.1 mm is allowed; spacing")


def test_swapped_spacing_is_described_with_both_values(oblique: Volume) -> None:
    words = describe_grid_difference(replace(oblique, spacing_mm=(3.0, 0.7, 0.5)), oblique)
    apart = "voxels lie up to 2.33 mm apart, at most 0.1 mm is allowed; "
    assert words == apart + "spacing in mm (Z, Y, X): found (3, 0.7, 0.5), expected (3, 0.5, 0.7)"


def test_shape_and_direction_are_described(oblique: Volume) -> None:
    other = replace(oblique, array=oblique.array[:, :, :-1], direction=tuple(np.eye(3).ravel()))
    words = describe_grid_difference(other, oblique)
    assert "shape (Z, Y, X): found (5, 7, 10), expected (5, 7, 11)" in words
    assert "direction" in words
    assert "origin" not in words


@pytest.mark.parametrize(
    "wrong",
    [
        {"spacing_mm": (3.0, 0.0, 0.7)},
        {"spacing_mm": (3.0, 0.5)},
        {"origin_mm": (0.0, float("nan"), 0.0)},
        {"array": np.zeros((7, 11))},
    ],
)
def test_impossible_geometry_is_refused(oblique: Volume, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"spacing|Spacing|array"):
        replace(oblique, **wrong)
