"""The second decision about the voxels near the bones' edges, by the edge refiner.

Mu et al. (2021) let the classifier alone decide the edge. Here its opinion is weighed against the
vote's: a voxel gets the label that is most probable under

    trust * classifier + (1 - trust) * vote

so a trust of 1 is the paper's way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from shoulderseg.refine.boundary import refinement_region
from shoulderseg.refine.ensemble import ClassifyConfig, class_probabilities
from shoulderseg.refine.network import PatchAlexNet
from shoulderseg.refine.new_components import restore_new_components
from shoulderseg.refine.opinion import label_belief

# The vote is sure of a voxel from here on.
_SURE = 0.8


@dataclass(frozen=True)
class EdgeRule:
    """Which voxels are decided again, and how.

    Attributes:
        band_mm: Voxels up to this far from a boundary of the vote are decided again, as are those
            the voters dispute.
        trust: Weight of the classifier against the vote, 0 to 1; 1 replaces the vote, 0 keeps it
            as it was voted.
        uncertain_only: Leave voxels alone that the vote gives a label at 0.8 or more, unless the
            voters dispute them.

    Raises:
        ValueError: A value out of range.
    """

    band_mm: float = 2.0
    trust: float = 1.0
    uncertain_only: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.band_mm) and self.band_mm >= 0.0):
            msg = f"band_mm is {self.band_mm}, expected a finite length of at least 0 mm"
            raise ValueError(msg)
        if not 0.0 <= self.trust <= 1.0:
            msg = f"trust is {self.trust}, expected a weight from 0 to 1"
            raise ValueError(msg)


class Voted(NamedTuple):
    """The vote on one case.

    Attributes:
        label_map: uint8 (Z, Y, X); 0 is background, k + 1 is bone k.
        disagreement: bool (Z, Y, X), where what the voters say cannot be true at once.
        votes: float32 (V, Z, Y, X), the U-Nets' probabilities: one for each bone, in order, then
            those of both bones as one.
        further: Other voters of each bone, float32 (Z, Y, X), which the classifiers do not see;
            empty for none.
    """

    label_map: NDArray[np.uint8]
    disagreement: NDArray[np.bool_]
    votes: NDArray[np.float32]
    further: Sequence[Sequence[NDArray[np.float32]]] = ()


class Opinions(NamedTuple):
    """What vote and classifier say about the voxels near the edges.

    Attributes:
        voxels: int64 (N, 3), in C order.
        vote: float32 (N, classes), by `label_belief`.
        classifier: float32 (N, classes).
    """

    voxels: NDArray[np.int64]
    vote: NDArray[np.float32]
    classifier: NDArray[np.float32]


class EdgeRefinement(NamedTuple):
    """Outcome of the refinement of one case.

    Attributes:
        label_map: uint8 (Z, Y, X).
        band: How many voxels were looked at.
        changed: How many voxels differ from the vote.
    """

    label_map: NDArray[np.uint8]
    band: int
    changed: int


def refine_edges(
    image: NDArray[np.float32],
    voted: Voted,
    models: Sequence[PatchAlexNet],
    spacing_mm: Sequence[float],
    rule: EdgeRule,
    config: ClassifyConfig,
    device: torch.device | str,
) -> EdgeRefinement:
    """Decides the edges of one case again: `edge_opinions`, then `decide_edges`.

    Args:
        image: float32 (Z, Y, X), normalised by `normalise_volume` as in training.
        voted: The vote.
        models: The classifiers, whose opinions are averaged; class c means label c.
        spacing_mm: Voxel size in array order (Z, Y, X).
        rule: Which voxels, and how they are decided.
        config: How voxels are classified.
        device: Where to compute.

    Returns:
        The new label map and the counts; a copy of the vote where there is nothing to look at.

    Raises:
        ValueError: Shapes differ, or the label map holds labels the classifier does not know.
    """
    if rule.trust == 0.0:
        return EdgeRefinement(voted.label_map.copy(), 0, 0)
    opinions = edge_opinions(image, voted, models, spacing_mm, rule.band_mm, config, device)
    return decide_edges(voted, opinions, spacing_mm, rule)


def edge_opinions(
    image: NDArray[np.float32],
    voted: Voted,
    models: Sequence[PatchAlexNet],
    spacing_mm: Sequence[float],
    band_mm: float,
    config: ClassifyConfig,
    device: torch.device | str,
) -> Opinions:
    """Asks vote and classifiers about every voxel that a rule of this band may decide.

    Args:
        image: float32 (Z, Y, X), normalised.
        voted: The vote.
        models: The classifiers, at least one.
        spacing_mm: Voxel size in array order (Z, Y, X).
        band_mm: See `EdgeRule`.
        config: How voxels are classified.
        device: Where to compute.

    Returns:
        Their opinions; no rows where there is nothing to look at.

    Raises:
        ValueError: As `refine_edges`.
    """
    _check(image, voted, models)
    region = refinement_region(voted.label_map, voted.disagreement, spacing_mm, band_mm)
    voxels = np.argwhere(region).astype(np.int64, copy=False)
    classes = models[0].config.classes
    votes = voted.votes[(slice(None), *voxels.T)]
    per_bone = [[vote] for vote in votes[: classes - 1]]
    for bone, further in zip(per_bone, voted.further or [()] * len(per_bone), strict=True):
        bone += [vote[tuple(voxels.T)] for vote in further]
    belief = label_belief(per_bone, list(votes[classes - 1 :]))
    found = class_probabilities(models, image, voted.votes, voxels, spacing_mm, config, device)
    return Opinions(voxels, belief, found)


def decide_edges(
    voted: Voted, opinions: Opinions, spacing_mm: Sequence[float], rule: EdgeRule
) -> EdgeRefinement:
    """Gives the voxels of a rule's region their most probable label.

    All other voxels stay. Afterwards a piece of bone (26-neighbour) that shares no voxel with the
    vote for that bone goes back to the vote, and so does a bone that would vanish.

    Args:
        voted: The vote.
        opinions: From `edge_opinions` with at least the rule's band.
        spacing_mm: Voxel size in array order (Z, Y, X).
        rule: Which voxels, and how they are decided.

    Returns:
        The new label map and the counts.
    """
    region = refinement_region(voted.label_map, voted.disagreement, spacing_mm, rule.band_mm)
    rows = region[tuple(opinions.voxels.T)]
    if rule.uncertain_only:
        disputed = voted.disagreement[tuple(opinions.voxels.T)]
        rows &= disputed | (opinions.vote.max(axis=1) < _SURE)
    refined = voted.label_map.copy()
    if rule.trust > 0.0 and rows.any():
        weighed = rule.trust * opinions.classifier[rows] + (1 - rule.trust) * opinions.vote[rows]
        refined[tuple(opinions.voxels[rows].T)] = weighed.argmax(axis=1)
        restore_new_components(refined, voted.label_map)
    changed = int(np.count_nonzero(refined != voted.label_map))
    return EdgeRefinement(refined, int(np.count_nonzero(rows)), changed)


def _check(image: NDArray[np.float32], voted: Voted, models: Sequence[PatchAlexNet]) -> None:
    label_map = voted.label_map
    if image.shape != label_map.shape or label_map.dtype != np.uint8:
        msg = (
            f"image has shape {image.shape} and label map is {label_map.dtype} {label_map.shape}; "
            "expected one shape (Z, Y, X) and uint8 labels"
        )
        raise ValueError(msg)
    if not models:
        msg = "found no classifier, expected at least one"
        raise ValueError(msg)
    classes = models[0].config.classes
    if label_map.size and int(label_map.max()) >= classes:
        msg = (
            f"label map holds label {int(label_map.max())}, the classifier knows "
            f"0 to {classes - 1}; use the classifier trained for these bones"
        )
        raise ValueError(msg)
    if voted.votes.shape[1:] != label_map.shape or len(voted.votes) < classes - 1:
        msg = (
            f"votes have shape {voted.votes.shape}, expected at least {classes - 1} voters of "
            f"shape {label_map.shape}"
        )
        raise ValueError(msg)
