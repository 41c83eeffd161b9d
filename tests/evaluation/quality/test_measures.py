from __future__ import annotations

from dataclasses import asdict

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shoulderseg.evaluation.quality.measures import BoneQuality, CaseQuality, case_quality
from shoulderseg.refine.boundary import boundary_band
from shoulderseg.refine.voting import fuse

SPACING = (4.0, 1.0, 1.0)
SHAPE = (3, 12, 12)
Array = npt.NDArray[np.float32]
NOTHING = BoneQuality()


def block(y: slice, x: slice, value: float = 1.0, shape: tuple[int, int, int] = SHAPE) -> Array:
    """The same block in all slices."""
    array = np.zeros(shape, np.float32)
    array[:, y, x] = value
    return array


HUMERUS, GLENOID = (slice(2, 6), slice(1, 4)), (slice(2, 6), slice(7, 10))


def measured(
    first: Array, second: Array, whole: Array, spacing: tuple[float, float, float] = SPACING
) -> CaseQuality:
    fusion = fuse([[first], [second]], whole=[whole])
    return case_quality(
        [first, second], whole, fusion.label_map, fusion.disagreement, spacing, boundary_band
    )


def test_sure_votes_of_two_blocks() -> None:
    first, second = block(*HUMERUS), block(*GLENOID)
    quality = measured(first, second, first + second)
    assert asdict(quality.bones[0]) == pytest.approx(
        {**dict.fromkeys(asdict(NOTHING), 1.0), "area_cm2": 0.12}
    )
    assert quality.bones[1] == quality.bones[0]
    assert quality.undisputed == 1.0
    # From the column 3 to the column 7.
    assert quality.gap_mm == pytest.approx(4.0)


def test_unsure_votes() -> None:
    first, second = block(*HUMERUS, 0.8), block(*GLENOID, 0.8)
    bone = measured(first, second, first + second).bones[0]
    assert bone.agreement == pytest.approx(1.0)
    assert bone.expected_dice == pytest.approx(1.6 / 1.8)
    # Within 2 mm of the edge lie all 12 voxels of the bone and around them 4 rows of 3, 2 columns
    # of 3 up to the grid's end on the left, 4 x 2 on the right, and the corners nearer than 2 mm.
    outside = 2 * 2 * 3 + 4 + 4 * 2 + 4
    assert bone.confidence == pytest.approx((12 * 0.6 + outside * 1.0) / (12 + outside))


def test_a_bone_that_only_its_own_network_sees() -> None:
    first, second = block(*HUMERUS), block(*GLENOID)
    fusion = fuse([[first], [second]], "mean", whole=[second])
    label_map = np.where(first > 0, 1, fusion.label_map).astype(np.uint8)
    quality = case_quality(
        [first, second], second, label_map, fusion.disagreement, SPACING, boundary_band
    )
    bone = quality.bones[0]
    assert (bone.agreement, bone.undisputed) == (0.0, 0.0)
    # Half a probability in all of its voxels.
    assert bone.expected_dice == pytest.approx(2 * 0.5 / 1.5)
    assert quality.bones[1].agreement == 1.0
    assert quality.undisputed == pytest.approx(0.5)


def test_pieces_and_slices() -> None:
    first = block(*HUMERUS)
    first[0] = 0.0
    first[:, 10, 10] = [1.0, 0.0, 0.0]
    bone = measured(first, block(*GLENOID), first + block(*GLENOID)).bones[0]
    assert bone.largest_piece == pytest.approx(24 / 25)
    # 1, 12 and 12 voxels; only the last two slices share any.
    assert bone.slice_dice == pytest.approx(2 * 12 / (1 + 12 + 12 + 12))


def test_a_single_slice_is_consistent_with_itself() -> None:
    first, second = block(*HUMERUS)[:1], block(*GLENOID)[:1]
    quality = measured(first, second, first + second)
    assert quality.bones[0].slice_dice == 1.0
    assert quality.gap_mm == pytest.approx(4.0)


def test_the_gap_crosses_slices_and_follows_the_spacing() -> None:
    first, second = block(*HUMERUS), block(*HUMERUS)
    first[1:] = 0.0
    second[:2] = 0.0
    assert measured(first, second, first + second).gap_mm == pytest.approx(8.0)
    assert measured(first, second, first + second, (1.5, 1.0, 1.0)).gap_mm == pytest.approx(3.0)


def test_a_missing_bone_and_an_empty_case() -> None:
    first, none = block(*HUMERUS), np.zeros(SHAPE, np.float32)
    one = measured(first, none, first)
    assert one.bones[0].found
    assert (one.bones[1], one.gap_mm) == (NOTHING, None)
    assert not one.bones[1].found
    empty = CaseQuality((NOTHING, NOTHING), 0.0, None)
    assert measured(none, none, none) == empty
    assert measured(none[:0], none[:0], none[:0]) == empty


def test_faint_probabilities_far_away_do_not_count() -> None:
    first, second = block(*HUMERUS), block(*GLENOID)
    faint = np.maximum(first, np.float32(0.05))
    bone = measured(faint, second, np.maximum(first + second, np.float32(0.05))).bones[0]
    assert (bone.agreement, bone.expected_dice) == (1.0, 1.0)


@pytest.mark.parametrize("spacing", [(4.0, 1.0, 1.0), (1.0, 0.3, 2.5)])
def test_more_air_around_changes_nothing(spacing: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(4)
    inside = (slice(None), slice(12, 20), slice(12, 20))
    votes = [np.zeros((4, 32, 32), np.float32) for _ in range(3)]
    for array in votes:
        array[inside] = rng.random((4, 8, 8)) ** 0.5
    wider = [np.pad(array, ((0, 0), (30, 5), (0, 40))) for array in votes]
    near, far = ((one, other, both) for one, other, both in (votes, wider))
    assert measured(*near, spacing) == measured(*far, spacing)


def test_a_bone_that_fills_its_slices_has_a_confidence() -> None:
    full, none = np.full(SHAPE, 0.75, np.float32), np.zeros(SHAPE, np.float32)
    assert measured(full, none, full).bones[0].confidence == pytest.approx(0.5)


@pytest.mark.parametrize("axis", [0, 1, 2])
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_mirroring_changes_nothing(axis: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    votes = [rng.random((3, 9, 8), dtype=np.float32) for _ in range(3)]
    plain = measured(votes[0], votes[1], votes[2], (3.0, 0.7, 0.9))
    flipped = [np.ascontiguousarray(np.flip(vote, axis)) for vote in votes]
    mirrored = measured(flipped[0], flipped[1], flipped[2], (3.0, 0.7, 0.9))
    assert mirrored.gap_mm == pytest.approx(plain.gap_mm)
    assert mirrored.undisputed == plain.undisputed
    for one, other in zip(plain.bones, mirrored.bones, strict=True):
        assert asdict(one) == pytest.approx(asdict(other), rel=1e-5)
        assert all(0.0 <= value <= 1.0 for name, value in asdict(one).items() if name != "area_cm2")


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1.0, 20.0))
def test_a_larger_patient_in_larger_voxels_is_as_good(seed: int, scale: float) -> None:
    """From 2 mm on the band is one pixel wide, whatever the pixel."""
    rng = np.random.default_rng(seed)
    votes = [rng.random((3, 6, 7), dtype=np.float32) for _ in range(3)]
    small = measured(votes[0], votes[1], votes[2], (3.0, 2.0, 2.0))
    large = measured(votes[0], votes[1], votes[2], (3.0 * scale, 2.0 * scale, 2.0 * scale))
    assert large.gap_mm == pytest.approx(None if small.gap_mm is None else small.gap_mm * scale)
    for one, other in zip(small.bones, large.bones, strict=True):
        wanted = asdict(one) | {"area_cm2": one.area_cm2 * scale**2}
        assert asdict(other) == pytest.approx(wanted, rel=1e-5)


def test_wrong_input_is_named() -> None:
    first, labels, no = block(*HUMERUS), np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.bool_)
    with pytest.raises(ValueError, match="1 bones, expected 2"):
        case_quality([first], first, labels, no, SPACING, boundary_band)
    with pytest.raises(ValueError, match="expected one shape"):
        case_quality([first, first], first[:1], labels, no, SPACING, boundary_band)
    with pytest.raises(ValueError, match="three positive lengths"):
        case_quality([first, first], first, labels, no, (1.0, 0.0, 1.0), boundary_band)
