"""Whether a slice context helps patients that it did not learn from, and how much of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

    from shoulderseg.refine.slice_context import ContextConfig
    from shoulderseg.refine.slice_context_training import ContextCase
    from shoulderseg.workflows.bundles.bundle import Bundle

# Of the corrections. Less than all is safer on images that are less like those learned from.
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


class Judgement(NamedTuple):
    """What held-out patients showed.

    Attributes:
        share: of the corrections that is best by mean Dice; 0 where none helps.
        evidence: plain values for a JSON file: how many images judged, Dice of each bone without
            and with that share and the 95 % interval of its gain, mean Dice of each share. The
            share was chosen on the same images.
    """

    share: float
    evidence: Mapping[str, Any]


def judge(
    config: ContextConfig,
    weights: Mapping[str, torch.Tensor],
    cases: Sequence[ContextCase],
    bundle: Bundle,
    most: float,
) -> Judgement:
    """Votes on held-out cases with different shares of the corrections.

    Args:
        config: shape of the network.
        weights: of it.
        cases: of patients that it did not learn from.
        bundle: the models.
        most: the largest share that may be chosen, 0 to 1.
    """
    from shoulderseg.evaluation.paired import compare_paired
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.refine.slice_context import correct_by_context, load_context

    network = load_context(config, weights)
    scores: dict[float, list[tuple[float, float]]] = {share: [] for share in SHARES}
    for case in cases:
        for share in SHARES:
            voters = [voter.astype(np.float32) for voter in case.probabilities]
            correct_by_context(network, voters, case.spacing_mm, share=share)
            scores[share].append(_dice(voters, case, bundle))
    means = {share: _mean(scores[share]) for share in SHARES}
    best = max((share for share in SHARES if share <= most), key=lambda share: means[share])
    bones = {}
    for number, name in enumerate(foreground_labels(bundle.unets.dataset_json)):
        before, after = ([pair[number] for pair in scores[share]] for share in (0.0, best))
        found = compare_paired(before, after, np.random.default_rng(0))
        figures = (found.mean_before, found.mean_after, *found.interval)
        keys = ("before", "after", "gain_from", "gain_to")
        bones[name] = {
            "n": found.n,
            **{key: _plain(value) for key, value in zip(keys, figures, strict=True)},
        }
    shares = {f"{share:g}": _plain(mean) for share, mean in means.items()}
    return Judgement(best, {"judged_by": len(cases), "share": best, **bones, "shares": shares})


def describe_judgement(judgement: Judgement) -> list[str]:
    """The figures as lines for the terminal."""
    found = judgement.evidence
    lines = [f"judged by {found['judged_by']} images of patients that it did not learn from:"]
    for name, bone in found.items():
        if isinstance(bone, dict) and "before" in bone and bone["before"] is not None:
            gain = bone["after"] - bone["before"]
            known = bone["gain_from"] is not None
            interval = f" ({bone['gain_from']:+.4f} to {bone['gain_to']:+.4f})" if known else ""
            lines.append(
                f"{name}: Dice {bone['before']:.4f} without, {bone['after']:.4f} with, "
                f"{gain:+.4f}{interval}, n = {bone['n']}"
            )
    shown = ", ".join(f"{share}: {mean}" for share, mean in found["shares"].items())
    lines.append(f"mean Dice by share of the corrections: {shown}")
    if not judgement.share:
        lines.append("it does not help these patients, so that the bundle does without")
    return lines


def _dice(
    voters: Sequence[npt.NDArray[np.float32]], case: ContextCase, bundle: Bundle
) -> tuple[float, float]:
    """Dice of the vote on each bone; NaN where there is neither bone nor vote."""
    from shoulderseg.evaluation.overlap import count_voxels, dice
    from shoulderseg.refine.connected_components import keep_one_piece
    from shoulderseg.refine.voting import fuse
    from shoulderseg.workflows.segmentation.second_look import labels_of

    first, second, whole = voters
    fusion = fuse([[first], [second]], whole=[whole])
    single = labels_of(bundle.one_piece)
    voted = keep_one_piece(fusion.label_map, single, case.spacing_mm, fusion.probability[1])
    one, other = (
        dice(count_voxels(voted == number + 1, bone)) for number, bone in enumerate(case.bones)
    )
    return one, other


def _mean(scores: Sequence[tuple[float, float]]) -> float:
    """Of all bones of all cases, those without a Dice left out."""
    known = np.array(scores)
    return float(np.nanmean(known)) if np.isfinite(known).any() else 0.0


def _plain(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
