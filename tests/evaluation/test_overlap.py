from __future__ import annotations

import math

import numpy as np
import pytest

from shoulderseg.evaluation.overlap import VoxelCounts, count_voxels, dice, iou, ppv, sensitivity


def test_two_shifted_boxes() -> None:
    # Boxes of 2 x 3 x 4 = 24 voxels, the second one column longer and shifted by two: 12 shared.
    predicted = np.zeros((4, 6, 11), dtype=bool)
    reference = np.zeros((4, 6, 11), dtype=bool)
    predicted[1:3, 1:4, 1:5] = True
    reference[1:3, 1:4, 3:8] = True
    counts = count_voxels(predicted, reference)
    assert counts == (12, 12, 18)
    assert dice(counts) == pytest.approx(24 / 54)
    assert iou(counts) == pytest.approx(12 / 42)
    assert ppv(counts) == pytest.approx(12 / 24)
    assert sensitivity(counts) == pytest.approx(12 / 30)


def test_nothing_to_divide_by_gives_nan() -> None:
    assert all(math.isnan(share(VoxelCounts(0, 0, 0))) for share in (dice, iou, ppv, sensitivity))
    assert math.isnan(ppv(VoxelCounts(0, 0, 5)))
    assert math.isnan(sensitivity(VoxelCounts(0, 5, 0)))


def test_unequal_shapes() -> None:
    with pytest.raises(ValueError, match="equal shapes"):
        count_voxels(np.zeros((1, 2, 3), bool), np.zeros((1, 3, 2), bool))
