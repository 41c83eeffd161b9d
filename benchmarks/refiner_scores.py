"""The test patients of the refiner study: every method's masks, their scores and the tests."""

from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.real_mr import DATASET
from benchmarks.real_mr_scores import PARTS
from benchmarks.refiner_variants import WAYS, Trained
from shoulderseg.datasets.files import case_name, find_volumes
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.paired import Paired, compare_paired
from shoulderseg.evaluation.scores import score_case_at_tolerances
from shoulderseg.nnunet_ext.checkpoints import load_unets
from shoulderseg.nnunet_ext.inference import predict_probabilities
from shoulderseg.nnunet_ext.plans import SMALL_PLANS
from shoulderseg.nnunet_ext.predictors import build_predictors
from shoulderseg.nnunet_ext.variants import FIRST, SECOND, WHOLE
from shoulderseg.refine.edges import Voted, decide_edges, edge_opinions
from shoulderseg.refine.ensemble import ClassifyConfig
from shoulderseg.refine.fourth_voter import classifier_votes
from shoulderseg.refine.normalise import normalise_volume
from shoulderseg.refine.voting import fuse
from shoulderseg.workflows.refiner.voters import weights_digest

UNETS, ALL = "vote, --voters unets", "vote, --voters all"
TOLERANCES_MM = (0.5, 1.0)
METRICS = {
    "dice": "Dice",
    "nsd_0.5": "NSD@0.5mm",
    "nsd_1.0": "NSD@1mm",
    "hd95_mm": "HD95 mm",
    "assd_mm": "ASSD mm",
}
# Smaller and larger than the training's pixel, within what augmentation has shown.
ZOOMS = (0.9, 1.0, 1.1)
Volume = npt.NDArray[np.float32]
LabelMap = npt.NDArray[np.uint8]
# Scores of one method: structure, metric, one value a patient.
Scores = dict[str, dict[str, list[float]]]


def score_methods(
    work: Path,
    chosen: Mapping[str, Trained],
    pixel_mm: float,
    device: str,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Runs every method on the test patients and compares each with the vote of the U-Nets."""
    raw = work / "nnUNet_raw" / DATASET
    voted = vote_on_tests(work, device)
    scores: dict[str, Scores] = {}
    for path in find_volumes(raw / "imagesTs"):
        image = read_image(path)
        case = case_name(path)
        reference = read_label_map(raw / "labelsTs" / f"{case}.nii.gz").array
        votes = np.load(voted[case])
        normalised = normalise_volume(image.array)
        masks = _masks(normalised, votes, image.spacing_mm, chosen, pixel_mm, device)
        for method, label_map in masks.items():
            _add_scores(scores.setdefault(method, {}), label_map, reference, image.spacing_mm, case)
        print(f"scored {case}", file=sys.stderr, flush=True)
    return {
        "scores": scores,
        "rules": {kind: one.describe_rules() for kind, one in chosen.items()},
        "patch_size": {kind: one.network.patch_size for kind, one in chosen.items()},
        "compared": _compare(scores, rng),
    }


def vote_on_tests(work: Path, device: str) -> dict[str, Path]:
    """Returns what the U-Nets of all folds say about the test patients; kept in files."""
    folder = work / "nnUNet_raw" / DATASET / "imagesTs"
    tests = {case_name(path): path for path in find_volumes(folder)}
    unets = load_unets(work / "nnUNet_results" / DATASET, SMALL_PLANS)
    digests = (weights_digest(DATASET, SMALL_PLANS, fold) for fold in unets.weights[FIRST])
    # Another name for other weights, so that old votes are never taken for theirs.
    kept = work / "test_votes" / hashlib.sha256("".join(digests).encode()).hexdigest()[:16]
    kept.mkdir(parents=True, exist_ok=True)
    predictors = build_predictors(unets, device, mirroring=False)
    found = {case: kept / f"{case}.npy" for case in tests}
    for case, path in found.items():
        if not path.is_file():
            image = read_image(tests[case])
            probabilities = predict_probabilities(predictors, image.array, image.spacing_mm)
            part = path.with_suffix(".part.npy")
            np.save(part, np.stack([probabilities[bone] for bone in (FIRST, SECOND, WHOLE)]))
            part.replace(path)
    return found


def _masks(
    image: Volume,
    votes: Volume,
    spacing_mm: tuple[float, float, float],
    chosen: Mapping[str, Trained],
    pixel_mm: float,
    device: str,
) -> dict[str, LabelMap]:
    """Label maps of one patient by every method."""
    first, second, whole = votes
    fusion = fuse([[first], [second]], whole=[whole])
    voted = Voted(fusion.label_map, fusion.disagreement, votes)
    plain = ClassifyConfig(pixel_mm=pixel_mm)
    paper = chosen["image"]
    fourth = classifier_votes(paper.models, image, votes, spacing_mm, plain, device)
    four = fuse([[first, fourth[0]], [second, fourth[1]]], whole=[whole])
    masks = {UNETS: fusion.label_map, ALL: four.label_map}
    everyone = Voted(four.label_map, four.disagreement, votes)
    rule = paper.rules["replace"]
    opinions = edge_opinions(image, everyone, paper.models, spacing_mm, rule.band_mm, plain, device)
    masks["the paper: all vote, image edge replaces"] = decide_edges(
        everyone, opinions, spacing_mm, rule
    ).label_map
    for kind, one in chosen.items():
        band_mm = max(rule.band_mm for rule in one.rules.values())
        opinions = edge_opinions(image, voted, one.models, spacing_mm, band_mm, plain, device)
        for way in WAYS:
            refined = decide_edges(voted, opinions, spacing_mm, one.rules[way])
            masks[f"{kind}: {way}"] = refined.label_map
    best = max(chosen.values(), key=lambda one: one.gains[one.best_way])
    rule = best.rules[best.best_way]
    zoomed = ClassifyConfig(pixel_mm=pixel_mm, zooms=ZOOMS)
    opinions = edge_opinions(image, voted, best.models, spacing_mm, rule.band_mm, zoomed, device)
    refined = decide_edges(voted, opinions, spacing_mm, rule)
    masks[f"{best.kind}: {best.best_way}, three zooms"] = refined.label_map
    return masks


def _add_scores(
    scores: Scores,
    label_map: LabelMap,
    reference: npt.NDArray[Any],
    spacing_mm: tuple[float, float, float],
    case: str,
) -> None:
    found = score_case_at_tolerances(label_map, reference, PARTS, spacing_mm, TOLERANCES_MM, case)
    for index, structure in enumerate(PARTS):
        row = scores.setdefault(structure, {metric: [] for metric in METRICS})
        at = {tolerance: of_all[index] for tolerance, of_all in found.items()}
        for name in ("dice", "hd95_mm", "assd_mm"):
            row[name].append(getattr(at[TOLERANCES_MM[0]], name))
        for tolerance, score in at.items():
            row[f"nsd_{tolerance}"].append(score.nsd)


def _compare(
    scores: Mapping[str, Scores], rng: np.random.Generator
) -> dict[str, dict[str, dict[str, Paired]]]:
    """Each method against the U-Nets' vote, patient by patient."""
    return {
        method: {
            structure: {
                metric: compare_paired(scores[UNETS][structure][metric], values, rng)
                for metric, values in by_metric.items()
            }
            for structure, by_metric in by_structure.items()
        }
        for method, by_structure in scores.items()
    }


def as_markdown(result: Mapping[str, Any]) -> str:
    """Means and deviations of every method, then its paired differences from the vote."""
    if not result:
        return "trained; the test patients were not looked at"
    head = " | ".join(METRICS.values())
    lines = [f"- {kind}: {rules}" for kind, rules in result["rules"].items()]
    for structure in PARTS:
        scores = {method: found[structure] for method, found in result["scores"].items()}
        lines += ["", f"| {structure} | {head} |", "|---" * (len(METRICS) + 1) + "|"]
        for method, values in scores.items():
            cells = [f"{np.mean(v):.3f} ± {np.std(v, ddof=1):.3f}" for v in values.values()]
            lines.append(f"| {method} | {' | '.join(cells)} |")
    for structure in PARTS:
        lines += ["", f"| {structure}, minus the vote | {head} |"]
        lines.append("|---" * (len(METRICS) + 1) + "|")
        for method, found in result["compared"].items():
            if method != UNETS:
                cells = [_as_cell(paired) for paired in found[structure].values()]
                lines.append(f"| {method} | {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(result: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the result with named figures; null where there is none."""
    compared = {
        method: {
            structure: {
                metric: {k: _or_none(v) for k, v in paired._asdict().items()}
                for metric, paired in by_metric.items()
            }
            for structure, by_metric in by_structure.items()
        }
        for method, by_structure in result.get("compared", {}).items()
    }
    return {**result, "compared": compared}


def _as_cell(paired: Paired) -> str:
    low, high = paired.interval
    return (
        f"{paired.mean_difference:+.3f} [{low:+.3f}, {high:+.3f}] "
        f"p={paired.p_value:.2g} r={paired.effect_size:+.2f}"
    )


def _or_none(value: float | tuple[float, float]) -> float | list[float | None] | None:
    if isinstance(value, tuple):
        return [None if math.isnan(end) else end for end in value]
    return None if math.isnan(value) else value
