"""How well a bundle segments real persons' bones in the phantom's body, the arm at rest.

The phantom's bones are all of one kind. Here the bones of a man (BodyParts3D) and of a woman (both
shoulders of a CT) take their place in shoulders drawn at random, which are then scanned as any
phantom is: `real_shapes.py`. Each row has its twin, the same shoulder and scan with the phantom's
own bones, so that the difference is what the shape of real bones costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.default_model import case_scores
from benchmarks.real_shapes import DATA, real_persons, scene_of
from shoulderseg.datasets.phantom.case import draw_scan, scan_shoulder
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.scanner.protocol import Plane, Sequence
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.store import find_bundle
from shoulderseg.workflows.segmentation.segment import Segmentation, prepare
from shoulderseg.workflows.segmentation.settings import Settings

if TYPE_CHECKING:
    from benchmarks.real_shapes import Person
    from shoulderseg.datasets.phantom.case import PhantomCase
    from shoulderseg.datasets.volume import Volume

SEED = 314
SHAPE = (14, 256, 256)
# What a shoulder examination is made of.
SCANS: tuple[tuple[Plane, Sequence], ...] = (
    ("axial", "pd-fs"),
    ("axial", "t1-se"),
    ("coronal", "t1-se"),
    ("coronal", "stir"),
    ("coronal", "t2-fs"),
    ("sagittal", "t1-se"),
    ("sagittal", "t2-tse"),
)
COLUMNS = ("humerus Dice", "humerus NSD", "glenoid Dice", "glenoid NSD")


class Row(NamedTuple):
    """One scan of one person, and its twin's."""

    person: str
    plane: str
    sequence: str
    real: dict[str, float]
    twin: dict[str, float]


def main() -> None:
    """Scans, segments, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="default", help="name or folder of a bundle")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the real bones")
    parser.add_argument("--quick", action="store_true", help="one person, two scans")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the scores as JSON")
    asked = parser.parse_args()
    settings = Settings("cpu", None, mirroring=True, vote="majority")
    segment = prepare(read_bundle(find_bundle(asked.model)), settings)
    persons = real_persons(asked.data)[: 1 if asked.quick else None]
    rows = [
        _row(person, SEED + 100 * who + which, scan, segment)
        for who, person in enumerate(persons)
        for which, scan in enumerate(SCANS[: 2 if asked.quick else None])
    ]
    _print_table(rows)
    if asked.json:
        asked.json.write_text(json.dumps([row._asdict() for row in rows], indent=2) + "\n")


def scans(
    person: Person, seed: int, scan: tuple[Plane, Sequence]
) -> tuple[PhantomCase, PhantomCase]:
    """Scans a shoulder with a real person's bones, and again with the phantom's own.

    Args:
        person: The bones.
        seed: Of the shoulder and its scan.
        scan: Plane and sequence.

    Returns:
        Both phantoms, of the same soft parts, pose and settings.
    """
    plane, sequence = scan
    options = PhantomOptions(plane=plane, sequence=sequence, shape=SHAPE, health="healthy")
    protocol, shoulder = draw_scan(options, np.random.default_rng(seed))
    fitted, scene = scene_of(shoulder, person, options.glenoid_depth_mm)
    real = scan_shoulder(options, protocol, fitted, np.random.default_rng([seed, 1]), scene=scene)
    twin = scan_shoulder(options, protocol, fitted, np.random.default_rng([seed, 1]))
    return real, twin


def _row(
    person: Person,
    seed: int,
    scan: tuple[Plane, Sequence],
    segment: Callable[[Volume], Segmentation],
) -> Row:
    real, twin = (
        case_scores(segment(case.image), case.label_map, case.image.spacing_mm)
        for case in scans(person, seed, scan)
    )
    row = Row(person.name, *scan, real, twin)
    print(
        row.person,
        *scan,
        *(f"{real[name]:.3f} {twin[name]:.3f}" for name in COLUMNS),
        file=sys.stderr,
    )
    return row


def _print_table(rows: list[Row]) -> None:
    print(
        "| person | plane | sequence | "
        + " | ".join(f"{name} | phantom's bones" for name in COLUMNS)
        + " |"
    )
    print("|---" * (3 + 2 * len(COLUMNS)) + "|")
    for row in rows:
        cells = [f"{row.real[name]:.3f} | {row.twin[name]:.3f}" for name in COLUMNS]
        print("| " + " | ".join([row.person, row.plane, row.sequence, *cells]) + " |")
    means = [
        f"{statistics.mean(row.real[name] for row in rows):.3f} | "
        f"{statistics.mean(row.twin[name] for row in rows):.3f}"
        for name in COLUMNS
    ]
    print("| mean | | | " + " | ".join(means) + " |")


if __name__ == "__main__":
    main()
