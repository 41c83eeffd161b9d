"""The vote: one label map from the voters of each bone.

A voter says yes to a voxel where its probability is above 0.5. Mu et al. (2021) publish neither
their vote threshold nor their tie rule; the rules below are our own. Per bone:

    rule      yes votes among the voters      the bone claims the voxel
    majority  more than half                  yes
    majority  exactly half (even number)      where the mean probability is above 0.5
    majority  fewer than half                 no
    mean      any                             where the mean probability is above 0.5
    staple    any                             where the STAPLE weight is above 0.5

Then per voxel:

    claims                 label
    none                   0
    one bone k             k + 1
    several (majority)     the bone of the larger mean probability; if equal, the first bone
    several (mean)         the same
    several (staple)       the larger STAPLE weight; if equal, the larger mean; then the first bone

A mean or weight of exactly 0.5 is background. Means are summed in float64 and compared as the
float32 values that are returned.

A voter of the whole speaks about every bone, since it cannot tell them apart: in the middle of one
bone it also says yes to the other. That alone is no dispute. The voters agree on a voxel when what
they say can be true at once:

    own voters say yes for      voters of the whole say      the voters
    no bone                     all no                       agree: background
    one bone, all of its own    all yes                      agree: that bone
    anything else                                            disagree

Without voters of the whole the middle column does not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from shoulderseg.refine.staple import (
    MAX_VOTERS,
    StapleResult,
    pattern_weights,
    staple,
    vote_patterns,
)

__all__ = ["Fusion", "StapleResult", "fuse", "staple"]

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Rule: TypeAlias = Literal["majority", "mean", "staple"]
_MAX_BONES = 255


class Fusion(NamedTuple):
    """Fused label map of one case.

    Attributes:
        label_map: uint8 (Z, Y, X); 0 is background, k + 1 is bone k.
        probability: float32 (B, Z, Y, X); mean over the bone's voters.
        disagreement: bool (Z, Y, X); True where what the voters say cannot be true at once.
    """

    label_map: NDArray[np.uint8]
    probability: NDArray[np.float32]
    disagreement: NDArray[np.bool_]


def fuse(
    votes_per_bone: Sequence[Sequence[FloatArray]],
    rule: Rule = "majority",
    *,
    whole: Sequence[FloatArray] = (),
) -> Fusion:
    """Fuses the probabilities of each bone's voters by the rules at the top of this file.

    Args:
        votes_per_bone: `votes_per_bone[k]` holds the probabilities (Z, Y, X), 0 to 1, of the
            models that speak about bone k alone, at least one. Bones may have different numbers
            of voters.
        rule: How a bone comes to claim a voxel.
        whole: Probabilities of models of all bones as one; they vote for every bone. A bone has at
            most 16 voters with these.

    Returns:
        Label map, mean probability and disagreement; empty arrays for an empty grid.

    Raises:
        ValueError: Unknown rule, no bone or voter, too many of either, different shapes, values
            that are not floating point, not finite or outside 0 to 1.

    Example:
        >>> humerus = np.array([[[0.9, 0.1, 0.0]]])  # (Z, Y, X), as all others
        >>> glenoid = np.array([[[0.0, 0.8, 0.1]]])
        >>> whole = np.array([[[1.0, 0.9, 0.2]]])  # both bones as one
        >>> fuse([[humerus], [glenoid]], whole=[whole]).label_map
        array([[[1, 2, 0]]], dtype=uint8)
    """
    _check_own_voters(votes_per_bone)
    voters = [[*bone, *whole] for bone in votes_per_bone]
    shape = _checked_shape(voters, rule)
    if rule == "staple":
        # Where STAPLE does not settle its rounding decides; in one order it always rounds alike.
        voters = [sorted(bone, key=lambda vote: (vote > 0.5).tobytes()) for bone in voters]
    tables = [_staple_table(bone) for bone in voters] if rule == "staple" else None
    fusion = Fusion(
        np.zeros(shape, np.uint8),
        np.zeros((len(voters), *shape), np.float32),
        np.zeros(shape, np.bool_),
    )
    # Slice by slice, the temporary arrays stay in the processor's cache.
    for z in range(shape[0]):
        _label_slice(fusion, z, voters, rule, tables)
        fusion.disagreement[z] = _disagreement(
            [[voter[z] > 0.5 for voter in bone] for bone in votes_per_bone],
            [voter[z] > 0.5 for voter in whole],
        )
    return fusion


def _check_own_voters(votes_per_bone: Sequence[Sequence[FloatArray]]) -> None:
    if not all(votes_per_bone):
        lacking = [bool(bone) for bone in votes_per_bone].index(False)
        msg = f"bone {lacking} has no voter of its own"
        raise ValueError(msg)


def _label_slice(
    fusion: Fusion,
    z: int,
    voters: Sequence[Sequence[FloatArray]],
    rule: Rule,
    tables: Sequence[NDArray[np.float64]] | None,
) -> None:
    """Writes labels and mean probabilities of one slice into `fusion`."""
    shape = fusion.label_map.shape[1:]
    best_score = np.full(shape, -1.0)
    best_mean = np.full(shape, -1.0, np.float32)
    for k, bone in enumerate(voters):
        slices = [voter[z] for voter in bone]
        patterns = vote_patterns([probability > 0.5 for probability in slices])
        mean = _mean(slices)
        score = mean if tables is None else tables[k][patterns]
        claim = _majority(patterns, mean, len(bone)) if rule == "majority" else score > 0.5
        tie_break = (score == best_score) & (mean > best_mean)
        wins = claim & ((score > best_score) | tie_break)
        fusion.label_map[z][wins] = k + 1
        best_score[wins] = score[wins]
        best_mean[wins] = mean[wins]
        fusion.probability[k, z] = mean


def _disagreement(
    yes_per_bone: Sequence[Sequence[NDArray[np.bool_]]], whole: Sequence[NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """Where the votes of one slice cannot all be true."""
    claimed = np.zeros_like(yes_per_bone[0][0])
    disputed = np.zeros_like(claimed)
    for bone in yes_per_bone:
        some, every = np.logical_or.reduce(bone), np.logical_and.reduce(bone)
        disputed |= (some & ~every) | (some & claimed)
        claimed |= some
    for vote in whole:
        disputed |= vote != claimed
    return disputed


def _majority(
    patterns: NDArray[np.uint16], mean: NDArray[np.float32], voters: int
) -> NDArray[np.bool_]:
    doubled = 2 * np.bitwise_count(patterns)
    claim: NDArray[np.bool_] = (doubled > voters) | ((doubled == voters) & (mean > 0.5))
    return claim


def _mean(slices: Sequence[FloatArray]) -> NDArray[np.float32]:
    total = slices[0].astype(np.float64)
    for probability in slices[1:]:
        total += probability
    return (total / len(slices)).astype(np.float32)


def _staple_table(bone: Sequence[FloatArray]) -> NDArray[np.float64]:
    """STAPLE weight of each vote pattern of one bone, (2**M,)."""
    counts = np.zeros(2 ** len(bone), np.int64)
    for z in range(len(bone[0])):
        patterns = vote_patterns([voter[z] > 0.5 for voter in bone])
        counts += np.bincount(patterns.ravel(), minlength=counts.size)
    return pattern_weights(counts, len(bone)).weight


def _checked_shape(voters: Sequence[Sequence[FloatArray]], rule: str) -> tuple[int, int, int]:
    if rule not in get_args(Rule):
        msg = f"unknown vote rule {rule!r}; choose one of {', '.join(get_args(Rule))}"
        raise ValueError(msg)
    if not 1 <= len(voters) <= _MAX_BONES:
        msg = f"found {len(voters)} bones, expected 1 to {_MAX_BONES}"
        raise ValueError(msg)
    for k, bone in enumerate(voters):
        if not 1 <= len(bone) <= MAX_VOTERS:
            msg = f"bone {k} has {len(bone)} voters, expected 1 to {MAX_VOTERS}"
            raise ValueError(msg)
        for m, probability in enumerate(bone):
            _check_probability(probability, voters[0][0].shape, f"voter {m} of bone {k}")
    depth, height, width = voters[0][0].shape
    return depth, height, width


def _check_probability(probability: FloatArray, shape: tuple[int, ...], name: str) -> None:
    if probability.ndim != 3 or probability.shape != shape:
        msg = f"{name} has shape {probability.shape}; all need one shape (Z, Y, X), here {shape}"
        raise ValueError(msg)
    if not np.issubdtype(probability.dtype, np.floating):
        msg = f"{name} holds {probability.dtype}, expected floating-point probabilities"
        raise ValueError(msg)
    if probability.size == 0:
        return
    low, high = float(probability.min()), float(probability.max())
    # Written so that NaN, which fails every comparison, is refused too.
    if not (low >= 0.0 and high <= 1.0):
        msg = f"{name} holds values from {low} to {high}, expected probabilities from 0 to 1"
        raise ValueError(msg)
