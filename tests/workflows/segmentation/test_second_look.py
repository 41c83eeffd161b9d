"""What the U-Nets look at again: the bones of the vote, one piece of each."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.workflows.segmentation.second_look import bone_finder, labels_of

HEAD, RIB, FACE, SPECK = (
    (slice(1, 4), slice(20, 30), slice(20, 30)),
    (slice(1, 4), slice(70, 74), slice(60, 66)),
    (slice(1, 4), slice(20, 30), slice(33, 37)),
    (slice(0, 1), slice(2, 4), slice(2, 4)),
)
SHAPE = (6, 80, 70)
VOLUME = Volume(
    np.random.default_rng(0).normal(size=SHAPE).astype(np.float32),
    (4.0, 1.0, 1.0),
    (0.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
)


def said() -> dict[str, np.ndarray]:
    """Of humerus and whole: a head and a rib. Of the glenoid: its face. A speck of one voter."""
    votes = {
        variant: np.full(SHAPE, 0.1, np.float32) for variant in ("humerus", "glenoid", "whole")
    }
    for place, variants in (
        (HEAD, ("humerus", "whole")),
        (RIB, ("humerus", "whole")),
        (FACE, ("glenoid", "whole")),
        (SPECK, ("humerus",)),
    ):
        for variant in variants:
            votes[variant][place] = 0.8
    return votes


def test_the_largest_humerus_and_the_glenoid_at_it() -> None:
    found = bone_finder(("humerus", "glenoid"), VOLUME)(said())
    expected = np.zeros_like(found)
    expected[HEAD] = expected[FACE] = True
    np.testing.assert_array_equal(found, expected)


def test_all_pieces_where_all_of_them_are_kept() -> None:
    found = bone_finder((), VOLUME)(said())
    assert found[RIB].all()
    assert not found[SPECK].any()
    empty = np.zeros((0, 4, 4), np.float32)
    find = bone_finder((), replace(VOLUME, array=empty))
    assert find(dict.fromkeys(said(), empty)).shape == empty.shape


@pytest.mark.parametrize("missed", ["humerus", "glenoid"])
def test_nothing_to_look_at_again_where_a_bone_was_not_found(missed: str) -> None:
    # Suspected by all, but no vote: the surroundings of the other bone alone may leave it out.
    votes = said()
    for variant in (missed, "whole"):
        votes[variant] = np.minimum(votes[variant], 0.4)
    assert not bone_finder((), VOLUME)(votes).any()


def test_what_is_drawn_into_a_margin_is_no_piece() -> None:
    votes = said()
    # Larger than the head, in columns that no scanner measured.
    for variant in ("humerus", "whole"):
        votes[variant][:, 40:, 50:] = 0.8
    array = VOLUME.array.copy()
    array[:, :, 48:] = 0
    found = bone_finder(("humerus", "glenoid"), replace(VOLUME, array=array))(votes)
    assert found[HEAD].all()
    assert not found[:, :, 48:].any()
    # Along the last axis these are slices of one value.
    other = bone_finder(("humerus", "glenoid"), replace(VOLUME, array=array), 2)(votes)
    assert not other[:, :, 48:].any()


def test_labels_in_a_vote() -> None:
    assert labels_of(("glenoid", "humerus")) == [2, 1]
    assert labels_of(()) == []
