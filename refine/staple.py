"""STAPLE: one estimated truth and one quality figure per voter from binary masks.

Expectation-maximisation after Warfield, Zou and Wells (IEEE Transactions on Medical Imaging
2004;23(7):903-921). All voxels with the same votes get the same weight, so the iteration runs over
the vote patterns (at most 2**M for M voters) and their counts, not over the voxels. Start, prior
and stop are those of ITK's filter: the start is the share of yes votes, the prior is its mean over
the grid and never changes, the stop is when no figure moves by more than 1e-7.

The weights depend on how much background the grid holds, because the prior does.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

MAX_VOTERS = 16
_MAX_ITERATIONS = 10_000
_SQUARED_STEP = 1e-14
_WEIGHT_DECIMALS = 10

_logger = logging.getLogger(__name__)


class StapleResult(NamedTuple):
    """Outcome of STAPLE for one structure.

    Attributes:
        weight: float64, shape of the masks; probability that the voxel belongs to the structure.
        sensitivity: float64 (M,), one per voter.
        specificity: float64 (M,), one per voter.
    """

    weight: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]


def vote_patterns(masks: Sequence[NDArray[np.bool_]]) -> NDArray[np.uint16]:
    """Numbers every voxel by who says yes: bit m is the vote of voter m.

    Args:
        masks: M arrays of one shape, M from 1 to 16.

    Returns:
        uint16, shape of the masks.
    """
    patterns = masks[0].astype(np.uint16)
    for voter, mask in enumerate(masks[1:], start=1):
        patterns |= mask.astype(np.uint16) << np.uint16(voter)
    return patterns


def pattern_weights(counts: NDArray[np.int64], voters: int) -> StapleResult:
    """Runs STAPLE on a histogram of vote patterns.

    Weights are rounded to ten decimals, so a weight of one half that follows from symmetry is
    exactly one half in whatever order the voters come.

    Args:
        counts: (2**voters,), how often each pattern of `vote_patterns` occurs.
        voters: Number of voters.

    Returns:
        `weight` is per pattern, (2**voters,); patterns that do not occur get 0. Where the votes
        leave a figure undefined (nobody says yes, everybody says yes, no voxel at all) it is 1,
        since nothing was missed or nothing was added.
    """
    table = np.zeros(2**voters)
    seen = np.flatnonzero(counts)
    votes = (seen[:, None] >> np.arange(voters)) & 1 == 1
    frequency = counts[seen].astype(np.float64)
    weight = votes.mean(axis=1)
    prior = float(frequency @ weight / frequency.sum()) if seen.size else 0.0
    sensitivity = specificity = np.ones(voters)
    if not 0.0 < prior < 1.0:
        table[seen] = weight
        return StapleResult(table, sensitivity, specificity)

    for _ in range(_MAX_ITERATIONS):
        previous = np.concatenate([sensitivity, specificity])
        sensitivity = _share(votes, frequency * weight)
        specificity = _share(~votes, frequency * (1.0 - weight))
        inside = prior * np.where(votes, sensitivity, 1.0 - sensitivity).prod(axis=1)
        outside = (1.0 - prior) * np.where(votes, 1.0 - specificity, specificity).prod(axis=1)
        total = inside + outside
        weight = np.divide(inside, total, out=weight.copy(), where=total > 0.0)
        step = np.concatenate([sensitivity, specificity]) - previous
        if float(np.max(step**2)) <= _SQUARED_STEP:
            break
    else:
        _logger.warning("STAPLE did not settle within %d iterations", _MAX_ITERATIONS)
    table[seen] = weight.round(_WEIGHT_DECIMALS)
    return StapleResult(table, sensitivity, specificity)


def staple(masks: Sequence[NDArray[np.bool_]]) -> StapleResult:
    """Estimates the true mask of one structure from several voters.

    Args:
        masks: 1 to 16 boolean arrays of one shape.

    Returns:
        Weights and voter figures. One voter, or voters who agree everywhere, get their own mask
        back. All empty gives weight 0, all full gives weight 1, both with every figure 1.

    Raises:
        ValueError: No voter, more than 16 voters, other dtypes or different shapes.
    """
    if not 1 <= len(masks) <= MAX_VOTERS:
        msg = f"STAPLE needs 1 to {MAX_VOTERS} voters, found {len(masks)}"
        raise ValueError(msg)
    for mask in masks:
        if mask.dtype != np.bool_ or mask.shape != masks[0].shape:
            msg = (
                f"STAPLE needs boolean masks of one shape, found {mask.dtype} {mask.shape} next to "
                f"{masks[0].dtype} {masks[0].shape}"
            )
            raise ValueError(msg)
    patterns = vote_patterns(masks)
    counts = np.bincount(patterns.ravel(), minlength=2 ** len(masks))
    table = pattern_weights(counts, len(masks))
    return table._replace(weight=table.weight[patterns])


def _share(votes: NDArray[np.bool_], mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the mass (P,) that each voter's votes (P, M) cover; 1 where there is no mass."""
    total = mass.sum()
    if total <= 0.0:
        return np.ones(votes.shape[1])
    # The two sums round differently; a share above 1 would turn its complement negative.
    share: NDArray[np.float64] = np.minimum(mass @ votes / total, 1.0)
    return share
