"""How long a case takes, in each way, against nnU-Net's command run for each U-Net.

Phantoms of usual size (24 slices of 384 x 384, fat-suppressed PD, axial) are segmented on the CPU
by (i) three runs of `nnUNetv2_predict_from_modelfolder` and the patch loop of `benchmarks.refine`
over the pixels within 5 of the edge, and (ii) `shoulderseg predict` by its defaults, and on whole
slices as nnU-Net sees them: in the precision it chooses, in float32 with each engine, and in
bfloat16 where the CPU has it. Our refiner runs over the same pixels. Each command is a process;
`start` is its time outside the cases. `ratio` is nnU-Net's wall time over ours, first without and
then with the loop and the refiner. The loop's time is that of 256 patches times the number of
pixels in them. `band` is the share of voxels that agree with the vote of nnU-Net's probabilities,
within two pixels of an edge of that vote; `Dice change` is that of both bones. `cold start` is the
command for an image of one slice.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.nnunet_way import Spent, predict_thrice, run_measured, vote, write_models
from benchmarks.refining_time import refining_seconds
from shoulderseg.datasets.phantom.dataset import Writing, write_dataset
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.presets import PhantomSet
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.nnunet_ext.variants import WHOLE as WHOLE_BONE
from shoulderseg.refine.boundary import boundary_band
from shoulderseg.refine.precision import has_fast_half
from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.processes.scripts import installed_script

SPACING_MM, SIDE = (4.0, 0.42, 0.42), 384
# Pixels on either side of the edge that are compared.
COMPARED = 2
SEED, COLD_STARTS = 78, 5


class Load(NamedTuple):
    """What is segmented in one go."""

    cases: int
    slices: int


FULL = (Load(1, 24), Load(4, 24), Load(20, 24), Load(1, 100))
QUICK = (Load(1, 24),)
DEFAULT, WHOLE = "default", "whole slices"
WAYS = {
    DEFAULT: [],
    WHOLE: ["--no-crop"],
    "openvino float32, whole slices": ["--no-crop", "--precision", "float32"],
    "torch float32, whole slices": ["--no-crop", "--engine", "torch"],
}
# Emulated, and slow, on a CPU without instructions for it.
if has_fast_half("cpu"):
    WAYS["openvino bfloat16, whole slices"] = ["--no-crop", "--precision", "bfloat16"]


class Row(NamedTuple):
    """What one way took for one load."""

    cases: int
    slices: int
    way: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    start_s: float
    unets_s: float
    other_s: float
    ratio: float
    refiner_s: float
    ratio_with_loop: float
    band: float
    dice_change: float


def main() -> None:
    """Measures and prints the table."""
    asked = _parse()
    bundle = read_bundle(find_bundle(asked.model))
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}\n")
    titles = " | ".join(Row._fields).replace("_", " ")
    print(f"| {titles} |\n" + "|---" * len(Row._fields) + "|", flush=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(asked.data or scratch)
        write_models(bundle.unets, Path(scratch) / "models")
        for load in asked.load or (QUICK if asked.quick else FULL):
            data = _phantoms(root, load)
            rows += _measure(asked, bundle, data, load, Path(scratch))
        cold = _cold_starts(asked, root, Path(scratch))
    main_row = max((row for row in rows if row.way == DEFAULT), key=lambda row: -abs(row.cases - 4))
    summary: dict[str, Any] = {
        "ratio_to_three_nnunet_runs": main_row.ratio,
        "ratio_to_three_nnunet_runs_and_loop": main_row.ratio_with_loop,
        "band_agreement": min(row.band for row in rows if row.way == WHOLE),
        "band_agreement_default": min(row.band for row in rows if row.way == DEFAULT),
        "cold_start_one_slice_s": cold,
    }
    print("\n" + ", ".join(f"{name} {value:.4g}" for name, value in summary.items()))
    if asked.json:
        summary["rows"] = [row._asdict() for row in rows]
        asked.json.write_text(json.dumps(summary, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--data", type=Path, help="keep the phantoms here, and find them again")
    parser.add_argument("--quick", action="store_true", help="one case of 24 slices")
    parser.add_argument("--load", type=_load, action="append", help="cases x slices, such as 4x24")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    return parser.parse_args()


def _load(text: str) -> Load:
    return Load(*map(int, text.split("x")))


def _phantoms(root: Path, load: Load) -> Path:
    name = f"{load.cases}x{load.slices}"
    options = PhantomOptions(shape=(load.slices, SIDE, SIDE), spacing_mm=SPACING_MM)
    everything = PhantomSet(options, ("pd-fs",), ("axial",), cases=load.cases, seed=SEED)
    writing = Writing(workers=1, jobs=2)
    return write_dataset(root / name, everything, writing, dataset_id=905, name="Predict").folder


def _measure(
    asked: argparse.Namespace, bundle: Bundle, data: Path, load: Load, scratch: Path
) -> list[Row]:
    images, here = data / "imagesTr", scratch / "out" / data.parent.name
    here.mkdir(parents=True)
    theirs = predict_thrice(
        scratch / "models", images, here / "nnunet", list(bundle.unets.weights[WHOLE_BONE])
    )
    cases = [path.name.removesuffix("_0000.nii.gz") for path in sorted(images.iterdir())]
    spacings = {case: read_image(images / f"{case}_0000.nii.gz").spacing_mm for case in cases}
    voted = {
        case: vote(here / "nnunet", case, bundle.one_piece, spacing_mm)
        for case, spacing_mm in spacings.items()
    }
    loop_s, refiner_s = refining_seconds(images, voted)
    rows = [_row(load, "three nnU-Net runs", theirs, theirs, loop_s, loop_s, {}, 1.0, 0.0)]
    for way, options in WAYS.items():
        out = here / way
        words = [installed_script("shoulderseg"), "predict", str(images), str(out), *options]
        words += ["--device", "cpu", "--model", asked.model]
        ours = run_measured([*words, "--no-refine", "--format", "nii.gz"])
        report = json.loads((out / "shoulderseg_report.json").read_text(encoding="utf-8"))
        band, change = _agreement(data, out, voted)
        rows.append(_row(load, way, ours, theirs, loop_s, refiner_s, _stages(report), band, change))
    for row in rows:
        cells = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
        print("| " + " | ".join(cells) + " |", flush=True)
    return rows


def _row(
    load: Load,
    way: str,
    ours: Spent,
    theirs: Spent,
    loop_s: float,
    refiner_s: float,
    stages: dict[str, float],
    band: float,
    change: float,
) -> Row:
    inside = stages.get("total", float("nan"))
    networks = stages.get("unets", float("nan"))
    return Row(
        *load,
        way,
        *ours,
        start_s=ours.wall_s - inside,
        unets_s=networks,
        other_s=inside - networks,
        ratio=theirs.wall_s / ours.wall_s,
        refiner_s=refiner_s,
        ratio_with_loop=(theirs.wall_s + loop_s) / (ours.wall_s + refiner_s),
        band=band,
        dice_change=change,
    )


def _stages(report: dict[str, Any]) -> dict[str, float]:
    """Seconds of each stage, of all cases together."""
    total: dict[str, float] = {}
    for case in report["cases"]:
        for stage, seconds in case["seconds"].items():
            total[stage] = total.get(stage, 0.0) + seconds
    return total


def _agreement(
    data: Path, out: Path, voted: dict[str, npt.NDArray[np.uint8]]
) -> tuple[float, float]:
    """The share of equal voxels near the edge, and the largest mean change of a bone's Dice."""
    equal, changes = [], []
    for case, wanted in voted.items():
        found = read_label_map(out / f"{case}.nii.gz").array
        truth = read_label_map(data / "labelsTr" / f"{case}.nii.gz").array
        near = boundary_band(wanted, (1, 1, 1), COMPARED)
        equal.append(np.mean(found[near] == wanted[near]))
        changes.append(
            [
                dice(count_voxels(found == bone, truth == bone))
                - dice(count_voxels(wanted == bone, truth == bone))
                for bone in (1, 2)
            ]
        )
    means = np.mean(changes, axis=0)
    return float(np.mean(equal)), float(means[np.argmax(np.abs(means))])


def _cold_starts(asked: argparse.Namespace, root: Path, scratch: Path) -> float:
    data = _phantoms(root, Load(1, 1))
    seconds = []
    for number in range(COLD_STARTS):
        words = [installed_script("shoulderseg"), "predict", str(data / "imagesTr")]
        words += [str(scratch / f"cold{number}"), "--device", "cpu", "--model", asked.model]
        seconds.append(run_measured(words).wall_s)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
