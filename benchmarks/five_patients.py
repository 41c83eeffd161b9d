"""Five patients to learn from, as the paper had: ours against stock nnU-Net 2d at equal iterations.

Hippocampus MR (anterior and posterior part) stands in for the shoulder. Five of 100 patients are
drawn again and again, and `shoulderseg experiment` is run on each draw; the same 30 patients are
tested every time. Each of our networks and stock nnU-Net's has as many steps. Call it again after
an interruption: what is finished is not done again.

The table has, for each way, the mean over draws of the mean Dice over the test patients, and its
difference to stock nnU-Net's of the same draw, with a bootstrap interval over draws. It says how
much the five patients matter, not what other test patients would give.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from shoulderseg.datasets.files import case_name, find_volumes
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.evaluation.paired import compare_paired
from shoulderseg.workflows.device import resolve_device
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.rows import row_title
from shoulderseg.workflows.experiment.run import run_experiment
from shoulderseg.workflows.experiment.table import OVERALL

DATASET = "Dataset502_FivePatients"
LABELS = {"background": 0, "anterior": 1, "posterior": 2}
TESTED, SEED = 30, 2021
STOCK = "stock_2d"


class Effort(NamedTuple):
    """How much is drawn and learned."""

    draws: int
    epochs: int
    iterations: int
    refiner_epochs: int
    refiner_steps: int
    tested: int


FULL = Effort(10, 8, 50, 4, 100, TESTED)
QUICK = Effort(1, 1, 5, 1, 5, 3)


def main() -> None:
    """Runs the draws and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with images/ and labels/ of the same names")
    parser.add_argument("work", type=Path, help="keep everything here")
    parser.add_argument("--draws", type=int, help="how many; 10 by default")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="one draw, hardly any training")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    asked = parser.parse_args()
    effort = QUICK if asked.quick else FULL
    effort = effort._replace(draws=asked.draws or effort.draws)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    work: Path = asked.work / ("quick" if asked.quick else "full")
    device = resolve_device(asked.device)
    raw = _raw_dataset(asked.data, work / "raw")
    results = [
        _draw(raw, work / f"draw_{number}", effort, number, device)
        for number in range(1, effort.draws + 1)
    ]
    found = summarise_draws(results)
    print(
        f"{effort.draws} draws of 5 patients, {effort.tested} tested; {effort.epochs} x "
        f"{effort.iterations} steps a network\n"
    )
    print(as_markdown(found))
    if asked.json:
        asked.json.write_text(json.dumps({"effort": effort._asdict(), "rows": found}, indent=2))


def _raw_dataset(data: Path, root: Path) -> Path:
    """Makes a raw dataset of all patients."""
    raw = root / DATASET
    described = raw / "dataset.json"
    if described.is_file():
        return raw
    labels = {case_name(path): path for path in find_volumes(data / "labels")}
    images = find_volumes(data / "images")
    for folder in ("imagesTr", "labelsTr"):
        (raw / folder).mkdir(parents=True, exist_ok=True)
    for path in images:
        case = case_name(path)
        image = read_image(path)
        write_image(raw / "imagesTr" / f"{case}_0000.nii.gz", image)
        label_map = read_label_map(labels[case]).array
        write_label_map(raw / "labelsTr" / f"{case}.nii.gz", label_map, image)
    content = {"channel_names": {"0": "MR"}, "labels": LABELS, "file_ending": ".nii.gz"}
    described.write_text(json.dumps(content | {"numTraining": len(images)}))
    return raw


def _draw(raw: Path, out: Path, effort: Effort, number: int, device: str) -> dict[str, Any]:
    """Runs one experiment, or reads what it has left."""
    results = out / "results.json"
    if not is_done(results, effort):
        cases = sorted(case_name(path) for path in find_volumes(raw / "labelsTr"))
        chosen = np.random.default_rng(SEED).permutation(len(cases))[: effort.tested]
        protocol = Protocol(
            DATASET,
            seed=number,
            size="small",
            epochs=effort.epochs,
            iterations=effort.iterations,
            refiner_epochs=effort.refiner_epochs,
            refiner_steps=effort.refiner_steps,
            test_on=tuple(cases[place] for place in sorted(chosen)),
        )
        done = run_experiment(raw, out, protocol, device, lambda line: print(line, file=sys.stderr))
        if done.failed:
            # Draws are compared over the same patients; a later call tries these again.
            sys.exit(f"{out}: not all test cases are scored: {'; '.join(done.failed)}")
    read: dict[str, Any] = json.loads(results.read_text())
    return read


def is_done(results: Path, effort: Effort) -> bool:
    """Whether a draw is done, with as much training, and each of its test cases is scored."""
    if not results.is_file():
        return False
    found = json.loads(results.read_text(encoding="utf-8"))
    names = ("epochs", "iterations", "refiner_epochs", "refiner_steps")
    same = all(found["protocol"][name] == getattr(effort, name) for name in names)
    # Results of earlier versions do not say what failed.
    return same and found.get("failed") == []


def summarise_draws(results: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Mean Dice of each row over draws, and its difference to stock nnU-Net's."""
    rows: dict[str, dict[str, Any]] = {}
    for row in results[0]["rows"]:
        rows[row] = {}
        for structure in results[0]["rows"][row]:
            ours, theirs = (
                [one["rows"][name][structure]["dice"]["mean"] for one in results]
                for name in (row, STOCK)
            )
            paired = compare_paired(theirs, ours, np.random.default_rng(SEED))
            rows[row][structure] = {
                "dice": ours,
                "mean": float(np.mean(ours)),
                "difference": paired.mean_difference,
                "interval": list(paired.interval),
                "p": paired.p_value,
            }
    return rows


def as_markdown(rows: dict[str, dict[str, Any]]) -> str:
    """The table: a row a way, a column a structure."""
    structures = [name for name in next(iter(rows.values())) if name != OVERALL]
    structures.insert(0, OVERALL)
    lines = ["| way | " + " | ".join(f"{name} | against stock" for name in structures) + " |"]
    lines.append("|---" * (1 + 2 * len(structures)) + "|")
    for row, found in rows.items():
        cells = [row_title(row)]
        for structure in structures:
            one = found[structure]
            low, high = one["interval"]
            cells.append(f"{one['mean']:.3f}")
            shown = f"{one['difference']:+.3f} [{low:+.3f}, {high:+.3f}]"
            cells.append("" if row == STOCK else shown)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
