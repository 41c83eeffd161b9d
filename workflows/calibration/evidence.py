"""What a calibration is worth: predictions and flags of cases that it was not fitted on."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shoulderseg.workflows.segmentation.case_quality import reasons

if TYPE_CHECKING:
    from shoulderseg.evaluation.quality.calibration import Example, FlagBelow

# Ends of the entries that leave the degraded copies out, in the file and in words.
_PLAIN = "_without_copies"
_KINDS = (("", ""), (_PLAIN, " without the copies"))
_LOGGER = logging.getLogger(__name__)
_MOST_FITS = 20
_FOLDS = 5


class Judged(NamedTuple):
    """A case as a calibration without it judges it.

    Attributes:
        example: the case.
        predicted: Dice of each bone.
        flagged: whether there was any reason to look.
    """

    example: Example
    predicted: tuple[float, float]
    flagged: bool


def cross_validate(
    examples: Sequence[Example],
    flag_below: FlagBelow,
    names: Sequence[str],
    patients: Mapping[str, str] | None = None,
) -> list[Judged]:
    """Judges each case by a calibration on those of other patients.

    All images of a patient, and their copies, are left out together: one patient at a time up to
    20 patients, else a fifth of them. Those without whom too little is left to fit are not judged,
    which a warning says.

    Args:
        examples: cases with a reference.
        flag_below: predicted Dice under which a bone is flagged, one for both or one each.
        names: of the two bones.
        patients: the patient of each case; None if nobody knows, and each counts as one.
    """
    from shoulderseg.evaluation.quality.calibration import fit_calibration, predicted_dice

    of_case = patients or {example.case: example.case for example in examples}
    those = sorted({of_case[example.case] for example in examples})
    folds = len(those) if len(those) <= _MOST_FITS else _FOLDS
    judged = []
    for fold in range(folds):
        out = set(those[fold::folds])
        kept = [example for example in examples if of_case[example.case] not in out]
        try:
            calibration = fit_calibration(kept, flag_below)
        except ValueError as error:
            cases = sorted({e.case for e in examples if of_case[e.case] in out})
            _LOGGER.warning(
                "the figures are without %s: in the other images %s", ", ".join(cases), error
            )
            continue
        for example in (e for e in examples if of_case[e.case] in out):
            first, second = (
                predicted_dice(bone, calibration.bones[k])
                for k, bone in enumerate(example.quality.bones)
            )
            flagged = bool(reasons(example.quality, calibration, names))
            judged.append(Judged(example, (first, second), flagged))
    return judged


def evidence(
    judged: Sequence[Judged],
    flag_below: FlagBelow,
    names: Sequence[str],
    negatives: Sequence[bool],
    patients: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Figures of a cross-validation, as plain values for a JSON file.

    Args:
        judged: from `cross_validate`; a case without a Dice of a bone does not count for it.
        flag_below: a case is poor if the Dice of one of its bones is below this.
        names: of the two bones.
        negatives: of each image that is no shoulder, whether it was flagged.
        patients: the patient of each case; None if nobody knows.
    """
    bones = {}
    for k, name in enumerate(names):
        # A bone that was not found is told without any prediction.
        found = [j for j in judged if j.example.quality.bones[k].found]
        for title, those in (
            (name, found),
            (f"{name}{_PLAIN}", [j for j in found if not j.example.degraded]),
        ):
            pairs = [(j.predicted[k], j.example.dice[k]) for j in those]
            bones[title] = _agreement([pair for pair in pairs if not math.isnan(pair[1])])
    missing = [j for j in judged if any(_is_missed(j.example, k) for k in range(len(names)))]
    known = [
        (_is_poor(j.example.dice, flag_below), j.flagged, j.example.degraded)
        for j in judged
        if j not in missing and not all(map(math.isnan, j.example.dice))
    ]
    plain = [entry for entry in known if not entry[2]]
    return {
        "images": len({j.example.case for j in judged}),
        "patients": None if patients is None else len({patients[j.example.case] for j in judged}),
        "degraded_copies": sum(j.example.degraded for j in judged),
        **bones,
        "missing_flagged": _count([j.flagged for j in missing]),
        "poor_flagged": _count([flag for poor, flag, _ in known if poor]),
        "others_not_flagged": _count([not flag for poor, flag, _ in known if not poor]),
        f"others_not_flagged{_PLAIN}": _count([not flag for poor, flag, _ in plain if not poor]),
        "negatives_flagged": _count(negatives),
    }


def describe_evidence(
    found: dict[str, Any], flag_below: FlagBelow, names: Sequence[str]
) -> list[str]:
    """The figures as lines for the terminal."""
    told = found["patients"]
    whose, without = ("", "image") if told is None else (f" (patients: {told})", "patient")
    lines = [
        f"{found['images']} images{whose} and {found['degraded_copies']} degraded copies; each "
        f"judged by a calibration without its {without}"
    ]
    for name, title in ((name + end, name + words) for name in names for end, words in _KINDS):
        bone = found[name]
        if bone["n"]:
            lines.append(
                f"{title}: predicted Dice off by {bone['mean_absolute_error']:.3f} on average, "
                f"always the mean by {bone['error_of_the_mean']:.3f}, "
                f"correlation {_shown(bone['correlation'])}, n = {bone['n']}"
            )
    limits = flag_below if isinstance(flag_below, tuple) else (flag_below,)
    shown = " or ".join(f"{limit:g}" for limit in dict.fromkeys(limits))
    titles = {
        "missing_flagged": "flagged of those where a bone was missed",
        "poor_flagged": f"sensitivity, flagged of the others with a bone below {shown}",
        "others_not_flagged": "specificity, not flagged of the rest",
        f"others_not_flagged{_PLAIN}": "specificity without the copies",
        "negatives_flagged": "negatives flagged",
    }
    for key, title in titles.items():
        part, of = found[key]
        if of:
            lines.append(f"{title}: {part / of:.2f} ({part} of {of})")
    return lines


def _agreement(pairs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Errors and correlation; None where there is no case, or no variation."""
    if not pairs:
        return dict.fromkeys(("mean_absolute_error", "error_of_the_mean", "correlation")) | {"n": 0}
    predicted, true = np.array(pairs).T
    varied = predicted.std() > 0 and true.std() > 0
    return {
        "n": len(pairs),
        "mean_absolute_error": round(float(np.abs(predicted - true).mean()), 4),
        # What a prediction has to beat.
        "error_of_the_mean": round(float(np.abs(true - true.mean()).mean()), 4),
        "correlation": round(float(np.corrcoef(predicted, true)[0, 1]), 4) if varied else None,
    }


def _is_missed(example: Example, bone: int) -> bool:
    """Whether a bone that the reference shows was not found."""
    return not example.quality.bones[bone].found and not math.isnan(example.dice[bone])


def _count(hits: Sequence[bool]) -> list[int]:
    return [sum(hits), len(hits)]


def _is_poor(dice: tuple[float, float], flag_below: FlagBelow) -> bool:
    from shoulderseg.evaluation.quality.calibration import limit_of

    return any(value < limit_of(flag_below, k) for k, value in enumerate(dice))


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:.2f}"
