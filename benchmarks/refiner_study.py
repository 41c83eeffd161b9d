"""Does the edge refiner help? All its variants on real MR, for 5, 20 and 100 training patients.

For each training size the three U-Nets are trained in cross-validation, the refiners on what these
say about the patients held out from them. Patch size, band and decision rule are chosen on training
patients alone; the 30 test patients are looked at once, by everything that was chosen. Call it
again after an interruption: what is finished is not done again. Run it from the project's folder
as a module, `python -m benchmarks.refiner_study`.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.real_mr import DATASET, DATASET_ID, convert_some, run
from benchmarks.refiner_scores import as_json, as_markdown, score_methods
from benchmarks.refiner_variants import (
    KINDS,
    Effort,
    Trained,
    choose_trained,
    train_variants,
)
from shoulderseg.cli.options import Device
from shoulderseg.nnunet_ext.folders import fold_names
from shoulderseg.nnunet_ext.plans import SMALL_PLANS
from shoulderseg.workflows.processes.scripts import process_limit
from shoulderseg.workflows.refiner.cases import load_refiner_cases
from shoulderseg.workflows.refiner.voters import trained_voters

# The paper has five patients; leave-one-out there, three folds for more, of which two are trained
# for a hundred patients: what two cores do in an afternoon.
EFFORTS = {
    5: Effort(patients=5, folds=5, trained=5, unet_epochs=8, refiner_epochs=4),
    20: Effort(patients=20, folds=3, trained=3, unet_epochs=14, refiner_epochs=4),
    100: Effort(patients=100, folds=3, trained=2, unet_epochs=30, refiner_epochs=8),
}
QUICK = Effort(patients=5, folds=5, trained=2, unet_epochs=1, refiner_epochs=1)
TEST_CASES, QUICK_TEST_CASES = 30, 4


def main() -> None:
    """Trains what is missing, scores and prints the tables."""
    options = _parse()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.update(process_limit())
    results: dict[int, dict[str, Any]] = {}
    sizes = {5: QUICK} if options.quick else {size: EFFORTS[size] for size in options.sizes}
    for patients, effort in sizes.items():
        work = options.work / ("quick" if options.quick else f"{patients}_patients")
        for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
            os.environ[variable] = str((work / variable).resolve())
        results[patients] = _study(options, work, effort)
    for patients, result in results.items():
        print(f"\n### {patients} training patients\n")
        print(as_markdown(result))
    if options.json:
        figures = {str(size): as_json(result) for size, result in results.items()}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "msd_hippocampus"
    parser.add_argument("--data", type=Path, default=shared, help="folder with images/ and labels/")
    parser.add_argument("--work", type=Path, default=Path("runs/refiner_study"))
    parser.add_argument("--sizes", type=int, nargs="+", default=[5, 20, 100], choices=list(EFFORTS))
    parser.add_argument("--train-only", action="store_true", help="stop before the test patients")
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "cpu"])
    parser.add_argument("--quick", action="store_true", help="shows that everything runs, no more")
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def _study(options: argparse.Namespace, work: Path, effort: Effort) -> dict[str, Any]:
    tested = QUICK_TEST_CASES if options.quick else TEST_CASES
    convert_some(options.data, work, tested, effort.patients, effort.folds)
    run("shoulderseg", "plan", DATASET_ID, "--size", "small", "--batch-size", "8")
    length = ["--epochs", str(effort.unet_epochs), "--iterations", "50"]
    folds = ",".join(str(fold) for fold in range(effort.trained))
    common = ["--size", "small", "--device", options.device, "--folds", folds]
    run("shoulderseg", "train", DATASET_ID, *common, *length)
    device = Device(options.device).resolve()
    voters = trained_voters(DATASET, SMALL_PLANS, fold_names(DATASET))
    cases = load_refiner_cases(DATASET, voters, work / "votes", device)
    trained = train_variants(cases, work / "refiners", effort, device)
    chosen: dict[str, Trained] = {kind: choose_trained(trained, kind) for kind in KINDS}
    for kind, one in chosen.items():
        print(f"{kind}: patch {one.network.patch_size}, {one.describe_rules()}", flush=True)
    if options.train_only:
        return {}
    return score_methods(
        work, chosen, cases.pixel_mm, device, np.random.default_rng(effort.patients)
    )


if __name__ == "__main__":
    main()
