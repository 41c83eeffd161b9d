"""The series of an examination vote together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.bones import (
    SeriesBones,
    bone_motion,
    find_bones,
    joint_centres,
    series_bones,
)
from shoulderseg.workflows.examination.flags import FAILED, NO_AGREEMENT, flagged

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.consensus import Consensus
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.settings import Settings

_LOGGER = logging.getLogger(__name__)

# Voxels of the examination's label map.
BONES_MM = 0.5
# Series that are worked on at the same time; the result does not depend on it.
WORKERS = 2


@dataclass(frozen=True, eq=False)
class Examination:
    """What the series of an examination came to.

    Attributes:
        results: of each series, in the order in which they were given.
        bones: the bones that series agree on, labels as in these, uint8, isotropic, where the
            reference series has them; None where they agree on none.
        record: which series agree and how they moved, as plain values for a JSON file.
        agreed: humerus and glenoid as the series agree on them.
    """

    results: tuple[Result, ...]
    bones: Volume | None
    record: dict[str, Any]
    agreed: tuple[Consensus, Consensus]


def vote_together(results: Sequence[Result], bundle: Bundle, settings: Settings) -> Examination:
    """Lets the series of one examination vote together.

    Args:
        results: of the series, each segmented alone, in one frame of reference.
        bundle: the models that they were segmented with.
        settings: how.

    Returns:
        The examination. A series that shows other bones, or in which the vote fails, stays as it
        was alone, and its record says why.

    Raises:
        ValueError: if two series have one name.
    """
    series_names = [result.name for result in results]
    _refuse_doubles(series_names)
    pairs = [result.segmented() for result in results]
    with ThreadPoolExecutor(WORKERS) as pool:
        series = list(pool.map(lambda pair: series_bones(pair[0], pair[1], bundle), pairs))
    both = find_bones(series)
    heads = joint_centres(series, *both)
    names = list(results[0].label_values)
    motions = [
        tuple(bone_motion(one, other, heads, k) for one, other in (both, both[::-1]))
        for k in range(len(series))
    ]
    told = [
        dict(zip(names, map(_told, both, moved, (k, k)), strict=True))
        for k, moved in enumerate(motions)
    ]

    def settle(k: int) -> Result:
        try:
            voted = _revoted(results[k], series[k], both, motions[k], k, bundle, settings)
        except Exception as error:
            # The other series do not lose their vote, nor this one what it has by itself.
            _LOGGER.debug("traceback", exc_info=True)
            voted, told[k] = results[k], _failed(told[k], error)
        return flagged(voted, told[k])

    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(settle, range(len(results))))
    agreement = [_agreement(consensus, series_names) for consensus in both]
    record = {
        "series": dict(zip(series_names, told, strict=True)),
        "bones": dict(zip(names, agreement, strict=True)),
    }
    bones = _label_map(both, heads, list(results[0].label_values.values()))
    return Examination(tuple(results), bones, record, both)


def _refuse_doubles(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        msg = (
            f"two of the series are called alike: {', '.join(names)}; give each a name of its own: "
            "segment(image, name=...)"
        )
        raise ValueError(msg)


def _failed(told: dict[str, Any], error: Exception) -> dict[str, Any]:
    reason = f"{FAILED}: {reason_of(error)}"
    return {name: {"used": bone["used"], "reason": reason} for name, bone in told.items()}


def _revoted(
    result: Result,
    series: SeriesBones,
    both: tuple[Consensus, Consensus],
    motions: tuple[Motion | None, ...],
    k: int,
    bundle: Bundle,
    settings: Settings,
) -> Result:
    from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
    from shoulderseg.refine.examination.vote import distance_in_series, examination_votes
    from shoulderseg.workflows.segmentation.revote import revote
    from shoulderseg.workflows.segmentation.slices import slices_back, slices_first

    if not any(consensus.bone and motion for consensus, motion in zip(both, motions, strict=True)):
        return result
    volume, found = result.segmented()
    own = [slices_first(found.network_output[name], series.axis) for name in (FIRST, SECOND)]
    whole = slices_first(found.network_output[WHOLE], series.axis)
    votes = []
    for bone, consensus, motion in zip(own, both, motions, strict=True):
        if consensus.bone is None or motion is None:
            votes.append([bone, whole])
            continue
        others = [m for n, m in enumerate(consensus.members) if n != k and not m.reason]
        asked = (bone > 0.5) | (whole > 0.5)
        distance = distance_in_series(consensus.bone, motion, others, series.affine, asked)
        contradicts = bool(consensus.members[k].reason)
        votes.append(examination_votes(bone, whole, distance, contradicts=contradicts))
    turned = [[slices_back(vote, series.axis) for vote in bone] for bone in votes]
    return replace(result, segmentation=revote(found, volume, turned, bundle, settings))


def _told(consensus: Consensus, motion: Motion | None, k: int) -> dict[str, Any]:
    """What became of a bone in a series."""
    member = consensus.members[k]
    if consensus.bone is None:
        found = sum(bool(len(one.slices.edge_mm)) for one in consensus.members)
        return {"used": False} | ({"reason": NO_AGREEMENT} if found > 1 else {})
    said: dict[str, Any] = {"used": not member.reason}
    if member.reason:
        said["reason"] = member.reason
        said["taken_from_the_others"] = motion is not None
    if motion is not None:
        said["shift_mm"] = round(motion.shift_length_mm, 2)
        # Of a bone that is taken from the others nobody knows how far it turned.
        said["turn_deg"] = None if member.reason else round(motion.turn_deg, 2)
    if member.motion is not None:
        said["overlap_with_the_others"] = round(member.overlap, 4)
    return said


def _agreement(consensus: Consensus, names: Sequence[str]) -> dict[str, Any]:
    """How well the series agree on a bone, each with each."""
    from shoulderseg.refine.examination.agreement import pair_agreements

    if consensus.bone is None:
        return {"reference": None, "pairs": []}
    pairs = [
        {
            "series": [names[pair.first], names[pair.second]],
            "dice": None if pair.dice is None else round(pair.dice, 4),
            "surface_mm": None if pair.surface_mm is None else round(pair.surface_mm, 3),
            "shift_mm": round(pair.shift_mm, 2),
            "turn_deg": round(pair.turn_deg, 2),
        }
        for pair in pair_agreements(consensus.bone, consensus.members)
    ]
    return {"reference": names[consensus.reference], "pairs": pairs}


def _label_map(
    both: tuple[Consensus, Consensus],
    heads: Sequence[npt.NDArray[np.float64] | None],
    values: Sequence[int],
) -> Volume | None:
    """Both bones on one fine grid, where the humerus' reference series has them."""
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.refine.examination.field import empty_field
    from shoulderseg.refine.examination.member import shown

    k = next((one.reference for one in both if one.bone is not None), -1)
    parts = []
    for (one, other), value in zip((both, both[::-1]), values, strict=True):
        motion = bone_motion(one, other, heads, k) if one.bone is not None else None
        if one.bone is not None and motion is not None and (one.bone.distance_mm < 0).any():
            used = [member for member in one.members if not member.reason]
            parts.append((one.bone, motion, used, value))
    if not parts:
        return None
    placed = [
        motion.apply(bone.places()[bone.distance_mm.ravel() < 0]) for bone, motion, _, _ in parts
    ]
    every = np.concatenate(placed)
    grid = empty_field(every.min(axis=0) - 3, every.max(axis=0) + 3, BONES_MM)
    label_map = np.zeros(grid.distance_mm.shape, np.uint8)
    step = np.concatenate([np.zeros((1, 3)), BONES_MM * np.eye(3)[[1, 0]]])
    for z, row in enumerate(label_map):
        corner = grid.first_mm + np.array([0, 0, z * BONES_MM])
        for bone, motion, used, value in parts[::-1]:
            frame = motion.undo(corner + step)
            inside = bone.on_plane(frame[0], frame[1:] - frame[0], row.shape) < 0
            y, x = np.nonzero(inside)
            places = corner + BONES_MM * np.column_stack([x, y, np.zeros(len(x))])
            inside[y, x] = shown(used, motion.undo(places))
            row[inside] = value
    x, y, z = grid.first_mm.tolist()
    axes = tuple(np.eye(3).ravel().tolist())
    return Volume(label_map, (BONES_MM, BONES_MM, BONES_MM), (x, y, z), axes)
