"""Whether a known shift of a mask is told from none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.chemical_shift import SHARES, fat_shift, moved_scores
from tests.datasets.phantom.perfect_scan import SHAPE, block, perfect, scan

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

SPACING_MM = (4.0, 0.8, 0.5)


@pytest.fixture
def bone() -> Mask:
    mask = np.zeros((5, 30, 40), bool)
    mask[1:4, 8:19, 10:24] = True
    mask[2, 15:22, 12:18] = True
    return mask


@pytest.mark.parametrize("voxels", [(0.0, 4.0, 0.0), (0.0, -4.0, 0.0), (0.0, 0.0, 8.0)])
@pytest.mark.parametrize("share", SHARES)
def test_a_result_moved_by_a_share_agrees_best_with_it(
    bone: Mask,
    voxels: tuple[float, float, float],
    share: float,
) -> None:
    found = np.roll(bone, [round(share * distance) for distance in voxels], (0, 1, 2))
    scores = moved_scores(found, bone, voxels, SPACING_MM)
    at = SHARES.index(share)
    assert scores[at] == (1, 1)
    assert all(dice < 1 for number, (dice, _) in enumerate(scores) if number != at)


def test_parts_of_a_voxel_count() -> None:
    # Eight columns of bone; moved by a share of one voxel they overlap by 8 - share columns.
    bone = np.zeros((1, 6, 20), bool)
    bone[:, 2:4, 5:13] = True
    dices = [dice for dice, _ in moved_scores(bone, bone, (0, 0, 1.0), SPACING_MM)]
    assert dices == pytest.approx([1 - abs(share) / 8 for share in SHARES])


def test_bone_at_the_edge_of_the_image_goes_on_beyond_it() -> None:
    bone = np.zeros((1, 6, 20), bool)
    bone[:, :, :10] = True
    found = np.zeros_like(bone)
    found[:, :, :14] = True
    assert moved_scores(found, bone, (0, 0, 4.0), SPACING_MM)[SHARES.index(1)][0] == 1


def test_without_a_shift_all_shares_score_alike(
    bone: Mask,
) -> None:
    assert set(moved_scores(bone, bone, (0, 0, 0), SPACING_MM)) == {(1, 1)}


def test_an_empty_result_scores_nothing(
    bone: Mask,
) -> None:
    empty = np.zeros_like(bone)
    assert set(moved_scores(empty, bone, (0, 2.0, 0), SPACING_MM)) == {(0, 0)}


@pytest.mark.parametrize("phase_axis", [1, 2])
@pytest.mark.parametrize("readout_reversed", [False, True])
def test_the_shift_is_where_a_scan_puts_fat(phase_axis: int, *, readout_reversed: bool) -> None:
    protocol = perfect(
        "t1-se",
        phase_axis=phase_axis,
        bandwidth_hz=74.50975,
        readout_reversed=readout_reversed,
    )
    fat = scan(np.zeros(SHAPE, dtype=np.float32), block(), protocol)
    voxels = [round(distance) for distance in fat_shift(protocol)]
    assert sorted(map(abs, voxels)) == [0, 0, 3]
    np.testing.assert_allclose(fat, np.roll(block(), voxels, (0, 1, 2)), atol=1e-3)
