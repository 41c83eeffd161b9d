"""Trained on one scanner, tested on another: from scratch, from the default bundle, stock nnU-Net.

Three phantoms of coronal T1 at 1.5 T are trained on. Others of the same kind are tested, and as
many of coronal PD with fat saturation at 3 T, which these trainings do not see: `shoulderseg
experiment` with random weights, stock nnU-Net 2d beside it, then with the weights of the default
bundle. Each network has as many steps. The bundle is tested as it is, too. It comes from phantoms
of every sequence and plane, so that for it no scanner here is another one: its rows tell what it
helps to have learned from such images, and nothing of real scanners. This and what stock nnU-Net is
here stand above the table. Call it again after an interruption: what is finished is not done again.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.domain_shift_table import (
    AWAY,
    BONES,
    HOME,
    LABELS,
    LEARNING_RATE_FROM_BUNDLE,
    SEED,
    SEEN,
    DiceScores,
    Effort,
    as_markdown,
    caption,
    compare_ways,
)
from benchmarks.five_patients_table import STOCK
from shoulderseg.datasets.phantom.dataset import Writing, write_dataset
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.presets import PhantomSet
from shoulderseg.datasets.reader import read_image, read_label_map
from shoulderseg.evaluation.overlap import count_voxels, dice
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.rows import PAPER, VOTE, row_title
from shoulderseg.workflows.experiment.run import run_experiment
from shoulderseg.workflows.experiment.start import WEIGHTS, start_fingerprint
from shoulderseg.workflows.segmentation.segment import prepare
from shoulderseg.workflows.segmentation.settings import Settings

DATASET = "Dataset503_DomainShift"
# Of a group of phantoms, what its scanner does.
SCANNERS = {
    HOME: PhantomOptions(sequence="t1-se", plane="coronal", field_t=1.5),
    AWAY: PhantomOptions(sequence="pd-fs", plane="coronal", field_t=3.0),
}
SCRATCH, STOCK_WAY = "from random weights", "stock nnU-Net 2d, small plans"
FROM_BUNDLE, AS_IT_IS = f"from the default bundle{SEEN}", f"default bundle as it is{SEEN}"

# Slices of which the small plans make a network as deep as the default bundle's.
FULL = Effort(3, 6, 6, 50, 2, 50, (10, 128, 128))
QUICK = Effort(2, 1, 1, 5, 1, 5, (8, 128, 128))


def main() -> None:
    """Makes the phantoms, runs both experiments and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path, nargs="?", help="keep everything here")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="hardly any training")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
    asked = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    effort = QUICK if asked.quick else FULL
    with tempfile.TemporaryDirectory() as scratch:
        work = (asked.work or Path(scratch)) / ("quick" if asked.quick else "full")
        ways = _ways(work, effort, asked.device)
    found, told = compare_ways(ways), caption(effort, protocol_of(effort, start_from=None))
    print("\n\n".join([*told, as_markdown(found)]))
    if asked.json:
        content = {"effort": effort._asdict(), "caption": told, "ways": found}
        asked.json.write_text(json.dumps(content, indent=2))


def _ways(work: Path, effort: Effort, device: str) -> dict[str, DiceScores]:
    """Dice of each test case by each way."""
    raw = _raw_dataset(work / "raw", effort)
    rows = [(VOTE, row_title(VOTE)), (PAPER, row_title(PAPER))]
    # The bundle first: if it does not fit what is planned, nothing has been trained in vain.
    begun = _experiment(raw, work / "from_bundle", effort, device, start_from="default")
    if begun["start"][WEIGHTS] != start_fingerprint("default")[WEIGHTS]:
        where = work / "from_bundle"
        sys.exit(f"{where} began with another default bundle than there is now; remove it")
    scratch = _experiment(raw, work / "scratch", effort, device, start_from=None)
    ways = {STOCK_WAY: _row(scratch, STOCK)}
    ways |= {f"{title}, {SCRATCH}": _row(scratch, row) for row, title in rows}
    ways |= {f"{title}, {FROM_BUNDLE}": _row(begun, row) for row, title in rows}
    tested = sorted(ways[STOCK_WAY])
    return ways | {AS_IT_IS: _as_it_is(raw, tested, device)}


def _raw_dataset(root: Path, effort: Effort) -> Path:
    """Makes one raw dataset of the phantoms of both scanners, each a person of its own."""
    raw = root / DATASET
    described = raw / "dataset.json"
    if described.is_file():
        _check_made(raw, effort)
        return raw
    for folder in ("imagesTr", "labelsTr"):
        (raw / folder).mkdir(parents=True, exist_ok=True)
    for number, (name, scanner) in enumerate(SCANNERS.items()):
        cases = effort.tested + (effort.trained if name == HOME else 0)
        options = replace(scanner, shape=effort.shape)
        phantoms = PhantomSet(options, cases=cases, seed=SEED + number)
        made = write_dataset(
            root / "phantoms", phantoms, Writing(workers=1), dataset_id=910 + number, name=name
        ).folder
        for path in sorted((made / "labelsTr").iterdir()):
            case = path.name.removesuffix(".nii.gz")
            named = case.replace("phantom", name)
            shutil.copy(path, raw / "labelsTr" / f"{named}.nii.gz")
            image = made / "imagesTr" / f"{case}_0000.nii.gz"
            shutil.copy(image, raw / "imagesTr" / f"{named}_0000.nii.gz")
    count = len(list((raw / "labelsTr").iterdir()))
    content = {"channel_names": {"0": "MRI"}, "labels": LABELS, "file_ending": ".nii.gz"}
    described.write_text(json.dumps(content | {"numTraining": count}))
    return raw


def _check_made(raw: Path, effort: Effort) -> None:
    """Refuses phantoms that an earlier call has made otherwise."""
    images = sorted((raw / "imagesTr").iterdir())
    found = len(images), read_image(images[0]).array.shape
    expected = effort.trained + 2 * effort.tested, effort.shape
    if found != expected:
        sys.exit(
            f"{raw} holds {found[0]} phantoms of {found[1]} voxels, expected {expected[0]} of "
            f"{expected[1]}; give another work folder"
        )


def _experiment(
    raw: Path, out: Path, effort: Effort, device: str, *, start_from: str | None
) -> dict[str, Any]:
    """Runs one experiment, or goes on with it, and reads its scores."""
    cases = sorted(path.name.removesuffix(".nii.gz") for path in (raw / "labelsTr").iterdir())
    trained = [case for case in cases if case.startswith(HOME)][: effort.trained]
    tested = [case for case in cases if case not in trained]
    protocol = protocol_of(effort, start_from=start_from, test_on=tested)
    done = run_experiment(raw, out, protocol, device, lambda line: print(line, file=sys.stderr))
    if done.failed:
        sys.exit(f"{out}: not all test cases are scored: {'; '.join(done.failed)}")
    read: dict[str, Any] = json.loads((out / "results.json").read_text())
    return read


def protocol_of(effort: Effort, *, start_from: str | None, test_on: Sequence[str] = ()) -> Protocol:
    """What one experiment is.

    Args:
        effort: How much is learned.
        start_from: The bundle to start from; stock nnU-Net is trained beside random weights alone.
        test_on: Names of the cases to test.
    """
    return Protocol(
        DATASET,
        train=effort.trained,
        patient_pattern="(.+)",
        size="small",
        epochs=effort.epochs,
        iterations=effort.iterations,
        learning_rate=None if start_from is None else LEARNING_RATE_FROM_BUNDLE,
        start_from=start_from,
        refiner_epochs=effort.refiner_epochs,
        refiner_steps=effort.refiner_steps,
        stock=("2d",) if start_from is None else (),
        test_on=tuple(test_on),
    )


def _row(results: dict[str, Any], row: str) -> DiceScores:
    by_bone = {bone: results["by_patient"][row][bone]["dice"] for bone in BONES}
    return {case: {bone: by_bone[bone][case] for bone in BONES} for case in by_bone["humerus"]}


def _as_it_is(raw: Path, cases: list[str], device: str) -> DiceScores:
    """Segments the test cases with the default bundle, as `predict` does."""
    settings = Settings(device, None, mirroring=True, vote="majority")
    segment = prepare(read_bundle(find_bundle("default")), settings)
    scores = {}
    for case in cases:
        found = segment(read_image(raw / "imagesTr" / f"{case}_0000.nii.gz")).label_map
        truth = read_label_map(raw / "labelsTr" / f"{case}.nii.gz").array
        scores[case] = {
            bone: dice(count_voxels(found == value, truth == value))
            for bone, value in BONES.items()
        }
    return scores


if __name__ == "__main__":
    main()
