"""What the voters together believe about a voxel, as one distribution over the labels.

Fused as a logarithmic opinion pool (Genest and Zidek, Statistical Science 1986;1(1):114-135): each
voter's statement is turned into a likelihood of every label and the geometric mean is taken, so
that one voter who is sure counts more than one who wavers. A bone's own voter with probability a
says a for its bone and 1 - a for every other label; a voter of the whole with probability w says w
for every bone and 1 - w for the background. With one own voter a bone and one of the whole, the
belief in bone k is proportional to

    sqrt(a_k * prod over the other bones j of (1 - a_j) * w)

and in the background to sqrt(prod over all bones of (1 - a_k) * (1 - w)).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Keeps one voter's certainty from silencing all others.
_FLOOR = 1e-4


def label_belief(
    votes_per_bone: Sequence[Sequence[NDArray[np.floating[Any]]]],
    whole: Sequence[NDArray[np.floating[Any]]] = (),
) -> NDArray[np.float32]:
    """Computes the distribution over background and the bones from the voters' probabilities.

    Args:
        votes_per_bone: `votes_per_bone[k]` holds the probabilities of the voters of bone k,
            arrays of one shape, values 0 to 1; at least one a bone.
        whole: Probabilities of voters of all bones as one.

    Returns:
        float32 (*shape, 1 + bones), sums to 1; empty for empty arrays.

    Raises:
        ValueError: A bone without a voter.
    """
    if not votes_per_bone or not all(votes_per_bone):
        msg = (
            f"found {[len(bone) for bone in votes_per_bone]} voters of the bones, expected one each"
        )
        raise ValueError(msg)
    yes = [np.mean([_log(voter) for voter in bone], axis=0) for bone in votes_per_bone]
    no = [np.mean([_log(1.0 - voter) for voter in bone], axis=0) for bone in votes_per_bone]
    every_no = np.sum(no, axis=0)
    logs = [every_no, *(every_no - no[k] + yes[k] for k in range(len(votes_per_bone)))]
    if whole:
        some = np.mean([_log(voter) for voter in whole], axis=0)
        none = np.mean([_log(1.0 - voter) for voter in whole], axis=0)
        logs = [0.5 * (log + (some if k else none)) for k, log in enumerate(logs)]
    stacked = np.stack(logs, axis=-1)
    belief = np.exp(stacked - stacked.max(axis=-1, keepdims=True))
    belief /= belief.sum(axis=-1, keepdims=True)
    result: NDArray[np.float32] = belief.astype(np.float32)
    return result


def _log(probability: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    clipped: NDArray[np.float64] = np.clip(probability.astype(np.float64), _FLOOR, 1.0)
    return np.log(clipped)
