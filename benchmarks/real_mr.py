"""The whole method on real MR with expert labels, against stock nnU-Net on the same footing.

Hippocampus MR (anterior and posterior part) stands in for the shoulder: two touching structures
and their union. 30 of the 130 patients are kept for test; three U-Nets, the edge refiner and a
stock nnU-Net learn from the other 100 with the same plans and the same number of iterations.
Call it again after an interruption: what is finished is not done again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.real_mr_scores import METRICS, PARTS, as_markdown, score_methods
from shoulderseg.datasets.files import case_name, find_volumes
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.volume import describe_grid_difference
from shoulderseg.datasets.writer import write_image
from shoulderseg.evaluation.scores import StructureScore, summarise
from shoulderseg.nnunet_ext.folders import RESULTS, data_folder
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.experiment.upright import Turns, restore_label_maps, write_upright
from shoulderseg.workflows.processes.scripts import installed_script, process_limit

DATASET, DATASET_ID = "Dataset501_Hippocampus", "501"


class Effort(NamedTuple):
    """How much is trained and tested; stock nnU-Net has one class for each number of epochs."""

    epochs: int
    refiner_epochs: int
    refiner_steps: int
    training_cases: int
    test_cases: int

    @property
    def stock_trainer(self) -> str:
        """nnU-Net's class for this number of epochs."""
        return f"nnUNetTrainer_{self.epochs}epoch{'s' if self.epochs > 1 else ''}"


FULL = Effort(20, 8, 150, 100, 30)
QUICK = Effort(1, 1, 40, 10, 5)
ITERATIONS, BATCH_SIZE = 250, 16


def main() -> None:
    """Trains, predicts, scores and prints the table."""
    options = _parse()
    effort = QUICK if options.quick else FULL._replace(epochs=options.epochs)
    # Trainings of another length must not be taken for finished ones.
    work: Path = options.work / ("quick" if options.quick else f"{effort.epochs}_epochs")
    for variable in ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results"):
        os.environ[variable] = str((work / variable).resolve())
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.update(process_limit())
    if options.test:
        _check_cases(*options.test)
    _prepare(options.data, work, effort)
    _train(options.device, effort)
    bundle = work / "bundle"
    run("shoulderseg", "export", DATASET_ID, str(bundle), "--size", "small", "--overwrite")
    raw = work / "nnUNet_raw" / DATASET
    images, labels = options.test or (raw / "imagesTs", raw / "labelsTs")
    cases = find_volumes(images)
    images_of = {case_name(path): path for path in cases}
    upright = read_bundle(bundle).upright
    predicted = _predict_stock(images_of, work / "stock", options.device, effort, upright=upright)
    references = {case_name(path): path for path in find_volumes(labels)}
    scores = score_methods(cases, references, predicted, bundle, options.device)
    table = {method: summarise(found) for method, found in scores.items()}
    print(f"\n{len(cases)} test cases; {effort.epochs} x {ITERATIONS} iterations, ", end="")
    print(f"batch {BATCH_SIZE}, for each U-Net and for stock nnU-Net\n")
    print(as_markdown(table))
    if options.json:
        options.json.write_text(json.dumps(_as_json(table, scores, effort), indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = Path(__file__).resolve().parents[2] / "shared" / "data" / "msd_hippocampus"
    parser.add_argument("--data", type=Path, default=shared, help="folder with images/ and labels/")
    parser.add_argument("--work", type=Path, default=Path("runs/real_mr"), help="everything made")
    parser.add_argument("--test", type=Path, nargs=2, metavar=("IMAGES", "LABELS"))
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "cpu"])
    parser.add_argument("--epochs", type=int, default=20, choices=[1, 5, 10, 20, 50, 100, 250])
    parser.add_argument("--quick", action="store_true", help="one epoch, ten and five cases")
    parser.add_argument("--json", type=Path, help="write every score here")
    return parser.parse_args()


def _check_cases(images: Path, labels: Path) -> None:
    """Reads the test cases once, since a fault in them should not show after hours."""
    references = {case_name(path): path for path in find_volumes(labels)}
    for path in find_volumes(images):
        if case_name(path) not in references:
            sys.exit(f"{path.name}: no label map of this name in {labels}")
        reference = read_label_map(references[case_name(path)])
        difference = describe_grid_difference(reference, read_image(path))
        if difference:
            sys.exit(f"{references[case_name(path)].name}: not on its image's grid: {difference}")


def run(*command: str) -> None:
    """Runs an installed command and stops at its failure."""
    print("$", *command, flush=True)
    subprocess.run([installed_script(command[0]), *command[1:]], check=True)


def _prepare(data: Path, work: Path, effort: Effort) -> None:
    """Converts with a fixed choice of test patients and plans a small network."""
    convert_some(data, work, effort.test_cases, effort.training_cases, folds=5)
    run("shoulderseg", "plan", DATASET_ID, "--size", "small", "--batch-size", str(BATCH_SIZE))


def convert_some(data: Path, work: Path, tested: int, learned: int, folds: int) -> None:
    """Makes the nnU-Net dataset of some patients, where it is not there yet.

    The draw is fixed: of any two sizes the larger one holds the patients of the smaller one, and
    the 30 patients at its head are only ever tested on.
    """
    raw = work / "nnUNet_raw"
    if (raw / DATASET / "splits_final.json").is_file():
        return
    names = sorted(case_name(path) for path in find_volumes(data / "images"))
    drawn = np.random.default_rng(2026).permutation(names).tolist()
    kept, taught = drawn[:tested], drawn[30 : 30 + learned]
    if len(kept) + len(taught) < len(names):
        data = _copy_some(data, [*kept, *taught], work / "data")
    mapping = [f"--map={value}={name}" for name, value in PARTS.items()]
    run(
        *("shoulderseg", "convert", "pairs", str(data / "images"), str(data / "labels")),
        *(str(raw), *mapping, "--dataset-id", DATASET_ID, "--name", "Hippocampus"),
        *("--test-cases", ",".join(kept), "--folds", str(folds)),
    )


def _copy_some(data: Path, names: list[str], out: Path) -> Path:
    """Some of the cases in a folder of their own."""
    for folder in ("images", "labels"):
        (out / folder).mkdir(parents=True, exist_ok=True)
        for path in find_volumes(data / folder):
            if case_name(path) in names:
                shutil.copy(path, out / folder)
    return out


def _train(device: str, effort: Effort) -> None:
    length = ["--epochs", str(effort.epochs), "--iterations", str(ITERATIONS)]
    common = ["--size", "small", "--device", device]
    run("shoulderseg", "train", DATASET_ID, "--folds", "all", *common, *length)
    model = f"{effort.stock_trainer}__shoulderSmallPlans__2d"
    folder = data_folder(RESULTS) / DATASET / model / "fold_all"
    if not (folder / "checkpoint_final.pth").is_file():
        stock = ["nnUNetv2_train", DATASET_ID, "2d", "all", "-tr", effort.stock_trainer]
        run(*stock, "-p", "shoulderSmallPlans", "-device", _nnunet_device(device), "--c")
    steps = ["--epochs", str(effort.refiner_epochs), "--steps", str(effort.refiner_steps)]
    # U-Nets that train on all patients hold out nobody to vote on.
    run("shoulderseg", "train-refiner", DATASET_ID, *common, *steps, "--without-votes")


def _predict_stock(
    cases: dict[str, Path], out: Path, device: str, effort: Effort, *, upright: bool
) -> Path:
    """Stock nnU-Net's label maps, by its own command, of images turned as ours are."""
    shutil.rmtree(out, ignore_errors=True)
    turns: Turns = {}
    if upright:
        turns = write_upright(cases, out / "images", ".nii.gz")
    else:
        (out / "images").mkdir(parents=True)
        for case, path in cases.items():
            write_image(out / "images" / f"{case}_0000.nii.gz", read_image(path))
    run(
        *("nnUNetv2_predict", "-i", str(out / "images"), "-o", str(out / "labels")),
        *("-d", DATASET_ID, "-c", "2d", "-tr", effort.stock_trainer, "-p", "shoulderSmallPlans"),
        *("-f", "all", "-device", _nnunet_device(device), "-npp", "1", "-nps", "1"),
    )
    if upright:
        restore_label_maps(out / "labels", cases, turns, ".nii.gz")
    return out / "labels"


def _nnunet_device(device: str) -> str:
    from shoulderseg.cli.options import Device

    return Device(device).resolve()


def _as_json(
    table: dict[str, Any], scores: dict[str, list[StructureScore]], effort: Effort
) -> dict[str, Any]:
    return {
        "effort": effort._asdict() | {"stock_trainer": effort.stock_trainer},
        "iterations": ITERATIONS,
        "batch_size": BATCH_SIZE,
        "mean": {
            method: {
                structure: {metric: summary[metric].mean for metric in METRICS}
                for structure, summary in structures.items()
            }
            for method, structures in table.items()
        },
        "cases": {method: [s.as_record() for s in found] for method, found in scores.items()},
    }


if __name__ == "__main__":
    main()
