"""The bones of an examination, from what the U-Nets said of each of its series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.consensus import Consensus
    from shoulderseg.refine.examination.samples import BoneSlices
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.segment import Segmentation

    Floats = npt.NDArray[np.float64]

# How many points of a bone's edge in a series err independently. The edge of the humerus is its own
# all around; the glenoid ends where the networks cut the scapula, here in one series, there in
# another, and is placed by the joint more than by that.
INDEPENDENT = (150.0, 5.0)
# A bone with less than this share of the volume that the others see there was missed; one with more
# and in another place is another shoulder, another joint or a mirror image.
MISSED = 0.5
OTHER_BONES = "its bones do not lie to each other as in the other series"
CONTRADICTION = "the series contradict each other, and nobody can tell which is right"
_LEAST_WEIGHT = 0.1
# Where no U-Net says more, nothing is bone.
_UNLIKELY = 0.02


@dataclass(frozen=True, eq=False)
class SeriesBones:
    """Both bones in one series.

    Attributes:
        slices: of each bone.
        weights: how far each is trusted, above 0.
        affine: from the index (z, y, x), slices first, to LPS mm, (4, 4).
        axis: where the slices lie in the array that the networks saw.
    """

    slices: tuple[BoneSlices, BoneSlices]
    weights: tuple[float, float]
    affine: Floats
    axis: int


def series_bones(volume: Volume, found: Segmentation, bundle: Bundle) -> SeriesBones:
    """Takes from a series what the others should know.

    Args:
        volume: the image.
        found: what came out for it alone.
        bundle: the models.
    """
    from shoulderseg.datasets.orientation import reorient
    from shoulderseg.datasets.volume import index_affine
    from shoulderseg.nnunet_ext.inference import slice_axis
    from shoulderseg.nnunet_ext.regions import foreground_labels
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.examination.samples import bone_slices
    from shoulderseg.refine.opinion import label_belief
    from shoulderseg.refine.padding import scanned_region
    from shoulderseg.workflows.segmentation.slices import slices_first

    axis = slice_axis(bundle.unets)
    labelled = replace(volume, array=found.voted)
    if found.reorientation is not None:
        labelled = reorient(labelled, found.reorientation)
        volume = reorient(volume, found.reorientation)
    scanned = slices_first(scanned_region(volume.array, axis), axis)
    affine = index_affine(labelled)
    affine[:3, :3] = affine[:3, [axis, *(other for other in range(3) if other != axis)]]
    label_map = slices_first(labelled.array, axis)
    own, other, whole = (
        slices_first(found.network_output[name], axis) for name in (FIRST, SECOND, WHOLE)
    )
    values = list(foreground_labels(bundle.unets.dataset_json).values())
    parts = []
    beliefs = np.zeros((2, *own.shape), np.float32)
    maybe = (own > _UNLIKELY) | (other > _UNLIKELY) | (whole > _UNLIKELY)
    for z in np.flatnonzero(maybe.any(axis=(1, 2))):
        here = maybe[z]
        votes = [[own[z][here]], [other[z][here]]]
        beliefs[:, z, here] = label_belief(votes, [whole[z][here]])[:, 1:].T
    for bone, value in enumerate(values):
        belief = beliefs[bone]
        # What the vote did not take, such as a second piece, is no bone here either.
        belief[(belief > 0.5) & (label_map != value)] = 0.4
        parts.append(bone_slices(belief, affine, scanned))
    return SeriesBones((parts[0], parts[1]), _weights(found, bundle), affine, axis)


def find_bones(series: Sequence[SeriesBones]) -> tuple[Consensus, Consensus]:
    """Aligns and fuses both bones; a series that shows other bones is left out.

    Args:
        series: of one examination.

    Returns:
        The humerus and the glenoid.
    """
    excluded = [""] * len(series)
    while True:
        humerus = _consensus(series, 0, excluded)
        glenoid = _consensus(series, 1, excluded, head_centres(series, humerus))
        wrong = [
            k for k in range(len(series)) if not excluded[k] and _is_other(humerus, glenoid, k)
        ]
        if not wrong:
            return humerus, glenoid
        left = [
            k
            for k, member in enumerate(humerus.members)
            if not excluded[k] and k not in wrong and not member.reason
        ]
        if len(left) < 2:
            # Nobody can tell which of them are right.
            excluded = [why or CONTRADICTION for why in excluded]
            continue
        # One at a time: the next may only have been misled by it.
        worst = min(wrong, key=lambda k: glenoid.members[k].overlap + humerus.members[k].overlap)
        excluded[worst] = OTHER_BONES


def bone_motion(
    consensus: Consensus, other: Consensus, heads: Sequence[Floats | None], k: int
) -> Motion | None:
    """How a bone lay in a series: by itself, or else as the joint's other bone tells.

    Args:
        consensus: of the bone.
        other: of the joint's other bone.
        heads: from `head_centres`.
        k: number of the series.

    Returns:
        The motion; None where neither bone was found right in it.
    """
    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.consensus import MOST_SHIFT_MM, NO_EDGE

    member = consensus.members[k]
    if not member.reason:
        return member.motion
    if other.members[k].reason or member.reason == NO_EDGE:
        return None
    before, after = heads[consensus.reference], heads[k]
    if before is None or after is None:
        guess = _as_the_other(consensus, other, k)
    else:
        # How far it turned nobody knows.
        guess = Motion(before, after - before, np.zeros(3))
    return guess if guess is not None and guess.shift_length_mm <= MOST_SHIFT_MM else None


def _as_the_other(consensus: Consensus, other: Consensus, k: int) -> Motion | None:
    """How a bone lay in a series if both bones moved as one; None where that is not known."""
    from shoulderseg.refine.examination.align import joined

    here = consensus.members[consensus.reference].motion
    there, before = other.members[k].motion, other.members[consensus.reference]
    if here is None or there is None or before.motion is None or before.reason:
        return None
    return joined(before.motion, there, here.centre_mm)


def head_centres(series: Sequence[SeriesBones], humerus: Consensus) -> list[Floats | None]:
    """The centre of the humeral head in each series, LPS (3,); None where it is not known."""
    from shoulderseg.refine.examination.joint import head_centre

    by_trust = sorted(range(len(series)), key=lambda k: -series[k].weights[1])
    for k in by_trust if humerus.bone is not None else ():
        member = humerus.members[k]
        if member.reason or member.motion is None:
            continue
        centre = head_centre(*(bone.edge_mm for bone in series[k].slices))
        if centre is not None:
            shared = member.motion.undo(centre[None])
            return [
                None if one.reason or one.motion is None else one.motion.apply(shared)[0]
                for one in humerus.members
            ]
    return [None] * len(series)


def joint_centres(
    series: Sequence[SeriesBones], humerus: Consensus, glenoid: Consensus
) -> list[Floats | None]:
    """The centre of the humeral head in each series, also where the glenoid alone tells it."""
    heads = head_centres(series, humerus)
    fitting = [
        (k, member.motion)
        for k, member in enumerate(glenoid.members)
        if not member.reason and member.motion is not None
    ]
    known = next(((motion, heads[k]) for k, motion in fitting if heads[k] is not None), None)
    for k, motion in fitting if known is not None else ():
        if heads[k] is None and known is not None and known[1] is not None:
            heads[k] = motion.apply(known[0].undo(known[1][None]))[0]
    return heads


def _consensus(
    series: Sequence[SeriesBones],
    bone: int,
    excluded: Sequence[str],
    anchors: Sequence[Floats | None] | None = None,
) -> Consensus:
    from shoulderseg.refine.examination.consensus import find_consensus

    return find_consensus(
        [one.slices[bone] for one in series],
        [one.weights[bone] for one in series],
        anchors,
        excluded=excluded,
        independent=INDEPENDENT[bone],
    )


def _is_other(humerus: Consensus, glenoid: Consensus, k: int) -> bool:
    """Whether one bone fits and the other lies elsewhere, and is not just missed."""
    for one, other in ((humerus, glenoid), (glenoid, humerus)):
        if one.members[k].reason:
            continue
        # Of many series whose bones all differ that bone is just hard to find.
        if other.bone is None and sum(not member.reason for member in one.members) > 2:
            continue
        member = other.members[k]
        if member.reason and member.motion is not None and member.share > MISSED:
            return True
    return False


def _weights(found: Segmentation, bundle: Bundle) -> tuple[float, float]:
    """The square of the predicted Dice, where the bundle predicts one."""
    from shoulderseg.evaluation.quality.calibration import predicted_dice

    if bundle.quality is None:
        return 1.0, 1.0
    first, second = (
        max(predicted_dice(bone, bundle.quality.bones[k]), _LEAST_WEIGHT) ** 2
        for k, bone in enumerate(found.quality.bones)
    )
    return first, second
