"""What the U-Nets look at again: the bones of the vote, one piece of each."""

from __future__ import annotations

import numpy as np

from shoulderseg.workflows.segmentation.second_look import bone_finder, labels_of

SPACING_MM = (4.0, 1.0, 1.0)
HEAD, RIB, FACE, SPECK = (
    (slice(1, 4), slice(20, 30), slice(20, 30)),
    (slice(1, 4), slice(70, 74), slice(60, 66)),
    (slice(1, 4), slice(20, 30), slice(33, 37)),
    (slice(0, 1), slice(2, 4), slice(2, 4)),
)


def said() -> dict[str, np.ndarray]:
    """Of humerus and whole: a head and a rib. Of the glenoid: its face. A speck of one voter."""
    shape = (6, 80, 70)
    votes = {
        variant: np.full(shape, 0.1, np.float32) for variant in ("humerus", "glenoid", "whole")
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
    found = bone_finder(("humerus", "glenoid"), SPACING_MM)(said())
    expected = np.zeros_like(found)
    expected[HEAD] = expected[FACE] = True
    np.testing.assert_array_equal(found, expected)


def test_all_pieces_where_all_of_them_are_kept() -> None:
    found = bone_finder((), SPACING_MM)(said())
    assert found[RIB].all()
    assert not found[SPECK].any()
    assert not bone_finder((), SPACING_MM)(
        dict.fromkeys(said(), np.zeros((0, 4, 4), np.float32))
    ).size


def test_labels_in_a_vote() -> None:
    assert labels_of(("glenoid", "humerus")) == [2, 1]
    assert labels_of(()) == []
