"""Five patients to learn from, as the paper had: ours against stock nnU-Net 2d at equal iterations.

Hippocampus MR (anterior and posterior part) stands in for the shoulder. Five of 100 patients are
drawn again and again, and `shoulderseg experiment` is run on each draw; the same 30 patients are
tested every time. Each of our networks and stock nnU-Net's has as many steps: three U-Nets and an
AlexNet a fold against one network, so that ours has three times as many in all and more. Stock
nnU-Net's network is not its own but that of our small plans; see the sentences above the table.
Call it again after an interruption: what is finished is not done again.

The table has, for each way, the mean over draws of the mean Dice over the test patients, and its
difference to stock nnU-Net's of the same draw, with an interval over draws. It says how much
the five patients matter, not what other test patients would give.

One row answers the question, and was named before any draw was run: what `predict` does without
options, the vote of the three U-Nets with edges refined where that helped the held-out patients
of the draw. It stands first. The best of the other ten, picked after the fact, answers nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.five_patients_table import (
    COUNTS,
    SEED,
    Effort,
    as_markdown,
    notes_of,
    summarise_draws,
)
from shoulderseg.datasets.files import case_name, find_volumes
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.device import resolve_device
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.run import run_experiment

DATASET = "Dataset502_FivePatients"
LABELS = {"background": 0, "anterior": 1, "posterior": 2}
TESTED = 30

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
    cases = sorted(case_name(path) for path in find_volumes(raw / "labelsTr"))
    protocols = [protocol_of(effort, number, cases) for number in range(1, effort.draws + 1)]
    results = [
        _draw(raw, work / f"draw_{protocol.seed}", protocol, device) for protocol in protocols
    ]
    found, notes = summarise_draws(results), notes_of(effort, protocols[0], results)
    print("\n\n".join([*notes, as_markdown(found)]))
    if asked.json:
        usual = [one["usual"] for one in results]
        content = {"effort": effort._asdict(), "counts": COUNTS, "usual": usual, "notes": notes}
        asked.json.write_text(json.dumps(content | {"rows": found}, indent=2))


def _raw_dataset(data: Path, root: Path) -> Path:
    """Makes a raw dataset of all patients, or takes the one that was made of the same files."""
    raw, made_of = root / DATASET, root / "made_of.txt"
    described = raw / "dataset.json"
    labels = {case_name(path): path for path in find_volumes(data / "labels")}
    images = find_volumes(data / "images")
    digest = _digest([*images, *labels.values()])
    if described.is_file():
        # Folders of before this note are taken as they are.
        if made_of.is_file() and made_of.read_text() != digest:
            sys.exit(f"{raw} was made of other files than {data} holds; give another work folder")
        return raw
    for folder in ("imagesTr", "labelsTr"):
        (raw / folder).mkdir(parents=True, exist_ok=True)
    for path in images:
        case = case_name(path)
        image = read_image(path)
        write_image(raw / "imagesTr" / f"{case}_0000.nii.gz", image)
        label_map = read_label_map(labels[case]).array
        write_label_map(raw / "labelsTr" / f"{case}.nii.gz", label_map, image)
    made_of.write_text(digest)
    content = {"channel_names": {"0": "MR"}, "labels": LABELS, "file_ending": ".nii.gz"}
    described.write_text(json.dumps(content | {"numTraining": len(images)}))
    return raw


def _digest(paths: Iterable[Path]) -> str:
    """A hash of the names and contents of files."""
    lines = (f"{path.parent.name}/{path.name} {sha256_of(path)}\n" for path in sorted(paths))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def protocol_of(effort: Effort, number: int, cases: Sequence[str]) -> Protocol:
    """What a draw is: its number draws five patients, and the tested ones are always the same.

    Args:
        effort: How much is learned.
        number: Of the draw.
        cases: All there are, sorted.
    """
    chosen = np.random.default_rng(SEED).permutation(len(cases))[: effort.tested]
    return Protocol(
        DATASET,
        seed=number,
        size="small",
        epochs=effort.epochs,
        iterations=effort.iterations,
        refiner_epochs=effort.refiner_epochs,
        refiner_steps=effort.refiner_steps,
        test_on=tuple(cases[place] for place in sorted(chosen)),
    )


def _draw(raw: Path, out: Path, protocol: Protocol, device: str) -> dict[str, Any]:
    """Runs one experiment, or reads what it has left."""
    results = out / "results.json"
    if not is_done(results, protocol):
        try:
            done = run_experiment(
                raw, out, protocol, device, lambda line: print(line, file=sys.stderr)
            )
        except ValueError as error:
            # Such as results of another protocol, which are not mixed with these.
            sys.exit(f"{out}: {error}")
        if done.failed:
            # Draws are compared over the same patients; a later call tries these again.
            sys.exit(f"{out}: not all test cases are scored: {'; '.join(done.failed)}")
    read: dict[str, Any] = json.loads(results.read_text())
    return read


def is_done(results: Path, protocol: Protocol) -> bool:
    """Whether a draw is done: by this protocol and version, with each of its test cases scored.

    Args:
        results: File of the experiment's results.
        protocol: Of the draw; names the dataset in full.
    """
    if not results.is_file():
        return False
    found = json.loads(results.read_text(encoding="utf-8"))
    same: bool = (
        found["protocol"] == protocol.as_record()
        and found["dataset"] == protocol.dataset
        and found["versions"]["shoulderseg"] == version("shoulderseg")
    )
    # Results of earlier versions do not say what failed.
    return same and found.get("failed") == []


if __name__ == "__main__":
    main()
