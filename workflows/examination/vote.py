"""The series of an examination vote together."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from shoulderseg.workflows.errors import reason_of
from shoulderseg.workflows.examination.bones import (
    SeriesBones,
    bone_motion,
    find_bones,
    joint_centres,
    series_bones,
)
from shoulderseg.workflows.examination.drawing import draw_bones, drawn_in
from shoulderseg.workflows.examination.flags import FAILED, NOT_DRAWN, flagged
from shoulderseg.workflows.examination.told import told_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from shoulderseg.datasets.volume import Volume
    from shoulderseg.morphometry.field_of_view import FieldOfView
    from shoulderseg.refine.examination.align import Motion
    from shoulderseg.refine.examination.consensus import Consensus
    from shoulderseg.workflows.bundles.bundle import Bundle
    from shoulderseg.workflows.segmentation.result import Result
    from shoulderseg.workflows.segmentation.settings import Settings

    Floats = npt.NDArray[np.float64]

_LOGGER = logging.getLogger(__name__)

# In a bone's record: steps from voxel to voxel of the series that vote on it, a column an axis.
STEPS = "steps_mm"
# Series that are worked on at the same time; the result does not depend on it.
WORKERS = 2


@dataclass(frozen=True, eq=False)
class Examination:
    """What the series of an examination came to.

    Attributes:
        results: of each series, in the order in which they were given.
        bones: the bones that series agree on, labels as in these, uint8, isotropic, where the
            reference series has them; None where they agree on none, or these cannot be drawn.
        record: which series agree and how they moved, as plain values for a JSON file; `error` if
            the bones cannot be drawn.
        agreed: humerus and glenoid as the series agree on them.
        in_view: what the series show of each bone in `bones`; None where that is not known.
    """

    results: tuple[Result, ...]
    bones: Volume | None
    record: dict[str, Any]
    agreed: tuple[Consensus, Consensus]
    in_view: tuple[FieldOfView, FieldOfView] | None = None


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
    series_names = _names_of(results)
    with ThreadPoolExecutor(WORKERS) as pool:
        series = list(pool.map(lambda one: _bones_of(one, bundle), results))
    both = find_bones(series)
    heads = joint_centres(series, *both)
    names = list(results[0].label_values)
    motions = [
        tuple(bone_motion(one, other, heads, k) for one, other in (both, both[::-1]))
        for k in range(len(series))
    ]
    told = [
        dict(zip(names, map(told_of, both, moved, (k, k)), strict=True))
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
    drawn = _draw(both, heads, list(results[0].label_values.values()), series_names)
    record = {
        # Each bone has a reference of its own; both are drawn in one.
        "drawn_in": None if drawn.bones is None else series_names[drawn_in(both)],
        "series": dict(zip(series_names, told, strict=True)),
        "bones": dict(zip(names, drawn.agreements, strict=True)),
        **({"error": drawn.error} if drawn.error else {}),
    }
    return Examination(tuple(results), drawn.bones, record, both, drawn.in_view)


def _bones_of(result: Result, bundle: Bundle) -> SeriesBones:
    volume, found = result.segmented()
    return series_bones(volume, found, bundle)


def _names_of(results: Sequence[Result]) -> list[str]:
    names = [result.name for result in results]
    if len(set(names)) < len(names):
        msg = (
            f"two of the series are called alike: {', '.join(names)}; give each a name of its own: "
            "segment(image, name=...)"
        )
        raise ValueError(msg)
    return names


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


class _Drawn(NamedTuple):
    """The shared bones, what series show of them, how well these agree; or why there are none."""

    bones: Volume | None
    in_view: tuple[FieldOfView, FieldOfView] | None
    agreements: list[dict[str, Any]]
    error: str = ""


def _draw(
    both: tuple[Consensus, Consensus],
    heads: Sequence[Floats | None],
    values: Sequence[int],
    names: Sequence[str],
) -> _Drawn:
    try:
        bones, in_view = draw_bones(both, heads, values)
        views = in_view or (None, None)
        told = [_agreement(one, names, view) for one, view in zip(both, views, strict=True)]
    except Exception as error:
        # The series do not lose their vote.
        _LOGGER.debug("traceback", exc_info=True)
        nothing: dict[str, Any] = {"reference": None, "pairs": []}
        return _Drawn(None, None, [nothing, nothing], f"{NOT_DRAWN}: {reason_of(error)}")
    return _Drawn(bones, in_view, told)


def _agreement(
    consensus: Consensus, names: Sequence[str], view: FieldOfView | None
) -> dict[str, Any]:
    """How well the series agree on a bone, each with each, and how finely they show it."""
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
    steps = [] if view is None else [one.round(4).tolist() for one in view.steps_mm]
    return {"reference": names[consensus.reference], "pairs": pairs, STEPS: steps}
