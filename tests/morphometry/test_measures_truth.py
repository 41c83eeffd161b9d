"""What `benchmarks/measures_truth.py` says of a phantom's Hill-Sachs defect."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.measures_truth import stated_opening


def test_the_opening_and_the_volume_are_those_of_a_ball_taken_out_of_a_ball() -> None:
    head, depth, radius = 24.0, 5.0, 12.0
    far = head - depth + radius
    along = (far**2 + head**2 - radius**2) / (2 * far)
    width = 2 * float(np.sqrt(head**2 - along**2))
    line = np.arange(-24, 24, 0.25) + 0.125
    x, y, z = np.meshgrid(line, line, line, indexing="ij")
    taken = (x**2 + y**2 + z**2 <= head**2) & (x**2 + y**2 + (z - far) ** 2 <= radius**2)

    found = stated_opening(
        {"head_radius_mm": head, "hill_sachs_depth_mm": depth, "hill_sachs_width_mm": width}
    )

    assert found["hill_sachs_width"] == found["hill_sachs_length"] == width
    assert found["hill_sachs_volume"] == pytest.approx(taken.sum() * 0.25**3, rel=0.02)
    assert stated_opening({"hill_sachs_depth_mm": 0.0, "hill_sachs_width_mm": 0.0}) == {}
