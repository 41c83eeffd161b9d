"""What the series of an examination gain by voting together, on phantom examinations.

Each series is segmented alone, then all of a person vote together. Per bone: Dice, surface Dice at
1 mm (NSD) and HD95 of the series alone and together, with the interval (95 %, paired) of
the mean change; the worst series. `registration` is the distance between where a bone's middle was
found in a series and where it truly is, both told from the reference series, and the angle between
the two motions. `model` is the mean surface distance (ASSD) between the fused bone and the true one
where a series has slices, beside that of the best single series, interpolated between its slices
to the same grid.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.examination_scores import model_errors, motion_errors
from shoulderseg import Segmenter
from shoulderseg.datasets.phantom.examination.write import ExaminationSet, write_examinations
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.evaluation.paired import Paired, compare_paired
from shoulderseg.evaluation.scores import score_case
from shoulderseg.workflows.examination.vote import vote_together

SEED = 500
TOLERANCE_MM = 1.0
MEASURES = ("dice", "nsd", "hd95_mm")


def main() -> None:
    """Measures and prints the tables."""
    asked = _parse()
    cases = 2 if asked.quick else asked.cases
    segmenter = Segmenter(asked.model, device="cpu")
    found: dict[str, list[Any]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as scratch:
        wanted = ExaminationSet(PhantomOptions(), cases, SEED)
        for folder in write_examinations(Path(asked.data or scratch), wanted):
            _examine(folder, segmenter, found)
    summary = _tables(found, list(segmenter.label_values)) | _by_kind(found)
    if asked.json:
        asked.json.write_text(json.dumps(summary, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--data", type=Path, help="keep the phantoms here, and find them again")
    parser.add_argument("--cases", type=int, default=20, help="how many examinations")
    parser.add_argument("--quick", action="store_true", help="two examinations")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the summary here")
    return parser.parse_args()


def _examine(folder: Path, segmenter: Segmenter, found: dict[str, list[Any]]) -> None:
    """Adds what one examination gives."""
    alone = [segmenter(path) for path in sorted((folder / "images").iterdir())]
    started = time.perf_counter()
    examination = vote_together(alone, segmenter.bundle, segmenter.settings)
    found["seconds"].append(time.perf_counter() - started)
    names = [result.name for result in alone]
    found["series"].append(len(alone))
    for before, after in zip(alone, examination.results, strict=True):
        truth = read_label_map(folder / "labels" / f"{before.name}.nii.gz")
        for kind, result in (("alone", before), ("together", after)):
            for score in score_case(
                result.labels,
                truth.array,
                result.label_values,
                truth.spacing_mm,
                TOLERANCE_MM,
                before.name,
            ):
                found[f"{kind} {score.structure}"].append(score)
                # A series is named after its plane and sequence.
                found[f"{kind} {score.structure} of {before.name}"].append(score)
    record = json.loads((folder / "examination.json").read_text(encoding="utf-8"))
    motions = {name: record["series"][name]["motions"] for name in names}
    bones = read_label_map(folder / "bones.nii.gz")
    for (bone, value), consensus in zip(
        alone[0].label_values.items(), examination.agreed, strict=True
    ):
        if consensus.bone is None:
            continue
        true = [np.array(motions[name][bone]) for name in names]
        found[f"motion {bone}"] += motion_errors(consensus, true)
        found[f"model {bone}"].append(model_errors(consensus, true, bones, value))
        found[f"used {bone}"] += [not member.reason for member in consensus.members]
    print(f"{folder.name}: {len(alone)} series, {found['seconds'][-1]:.1f} s", flush=True)


def _paired(
    before: list[float], after: list[float], series: list[int], rng: np.random.Generator
) -> Paired:
    """Compares means over each person's series, which share the anatomy and the fused bones."""
    persons = [
        [float(np.nanmean(part)) for part in np.split(np.array(values), np.cumsum(series)[:-1])]
        for values in (before, after)
    ]
    return compare_paired(persons[0], persons[1], rng)


def _tables(found: dict[str, list[Any]], bones: list[str]) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    summary: dict[str, Any] = {}
    print("\n| bone | measure | n | alone | together | change, 95 % | worst alone | together |")
    print("|---|---|---|---|---|---|---|---|")
    for bone in bones:
        for measure in MEASURES:
            before, after = (
                [getattr(score, measure) for score in found[f"{kind} {bone}"]]
                for kind in ("alone", "together")
            )
            paired = _paired(before, after, found["series"], rng)
            worst = max if measure == "hd95_mm" else min
            low, high = paired.interval
            print(
                f"| {bone} | {measure} | {paired.n} | {paired.mean_before:.4f} | "
                f"{paired.mean_after:.4f} | {paired.mean_difference:+.4f} ({low:+.4f} to "
                f"{high:+.4f}) | {worst(before):.3f} | {worst(after):.3f} |"
            )
            summary[f"{bone}_{measure}_gain"] = paired.mean_difference
            summary[f"worst_{bone}_{measure}"] = [worst(before), worst(after)]
        dice_before, dice_after = (
            np.array([score.dice for score in found[f"{kind} {bone}"]])
            for kind in ("alone", "together")
        )
        summary[f"worst_{bone}_change"] = float((dice_after - dice_before).min())
    worst_before, worst_after = summary[f"worst_{bones[1]}_dice"]
    summary["worst_glenoid_gain"] = worst_after - worst_before
    print("\n| bone | used | motion mm | degrees | model ASSD mm | best single series |")
    print("|---|---|---|---|---|---|")
    for bone in bones:
        moved, models = np.array(found[f"motion {bone}"]), np.array(found[f"model {bone}"])
        errors, model = moved.mean(axis=0), models.mean(axis=0)
        used = found[f"used {bone}"]
        print(
            f"| {bone} | {sum(used)} of {len(used)} | {errors[0]:.2f} | {errors[1]:.2f} | "
            f"{model[0]:.2f} | {model[1]:.2f} |"
        )
        summary[f"registration_{bone}"] = errors.tolist()
        summary[f"model_{bone}"] = model.tolist()
    summary["registration_mm"] = max(summary[f"registration_{bone}"][0] for bone in bones)
    summary["model_assd_mm"] = max(summary[f"model_{bone}"][0] for bone in bones)
    summary["seconds"] = float(np.median(found["seconds"]))
    summary["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\nvote: median {summary['seconds']:.1f} s, peak {summary['peak_mb']:.0f} MB with the "
        f"networks; largest loss of a series' Dice: "
        + ", ".join(f"{bone} {summary[f'worst_{bone}_change']:+.4f}" for bone in bones)
    )
    return summary


def _by_kind(found: dict[str, list[Any]]) -> dict[str, Any]:
    """Mean Dice of each kind of series, and the largest loss of such a mean."""
    print("\n| bone | series | n | Dice alone | together |\n|---|---|---|---|---|")
    changes = []
    for key in sorted(key for key in found if key.startswith("alone ") and " of " in key):
        bone, kind = key.removeprefix("alone ").split(" of ")
        before, after = (
            np.array([score.dice for score in found[f"{when} {bone} of {kind}"]])
            for when in ("alone", "together")
        )
        print(f"| {bone} | {kind} | {len(before)} | {before.mean():.4f} | {after.mean():.4f} |")
        changes.append(float(after.mean() - before.mean()))
    return {"worst_change_of_a_kind": min(changes)}


if __name__ == "__main__":
    main()
