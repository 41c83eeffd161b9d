"""`shoulderseg demo`: the whole path on drawn shapes, from images to scored label maps."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import BROKEN_ENVIRONMENT, complain, reported
from shoulderseg.cli.scripts import installed_script, process_limit

TRAINING_CASES, UNSEEN_CASES = 8, 2
MARK = ".shoulderseg-demo"
STEPS = [
    "convert pairs {root}/images {root}/labels {root}/nnUNet_raw --map 1=humerus --map 2=glenoid "
    "--dataset-id 1 --name Shapes",
    "plan 1 --size small --batch-size 8",
    "train 1 --size small --folds all --epochs 2 --iterations 40",
    "train-refiner 1 --size small --epochs 2 --steps 40 --batch-size 128",
    "export 1 {root}/bundle --size small --overwrite",
    "predict {root}/unseen {root}/predicted --model {root}/bundle --refine",
    "evaluate {root}/predicted {root}/unseen_labels",
]


def demo(
    root: Annotated[Path, typer.Argument(help="Folder for everything the demo makes.")],
) -> None:
    """Train a tiny model on drawn shapes and segment two it has not seen; some minutes.

    No model of shoulders comes with the package yet. What is trained here knows the drawn shapes
    alone and finds no bone in any patient.
    """
    started = time.monotonic()
    typer.echo("No shoulder model comes with this version. The demo trains a tiny model on drawn")
    typer.echo("shapes, which takes some minutes on two cores, and segments two unseen drawings.")
    with reported():
        _make_room(root)
        _draw_cases(root)
    environment = {
        **os.environ,
        **{name: str(root.resolve() / name) for name in ("nnUNet_raw", "nnUNet_preprocessed")},
        "nnUNet_results": str(root.resolve() / "nnUNet_results"),
        **process_limit(),
    }
    with (root / "log.txt").open("w") as log:
        for step in STEPS:
            words = [word.format(root=root) for word in step.split()]
            typer.secho(f"\n$ shoulderseg {shlex.join(words)}", bold=True)
            shown = words[0] in ("export", "predict", "evaluate", "train-refiner")
            outcome = subprocess.run(
                [installed_script("shoulderseg"), *words],
                env=environment,
                check=False,
                stdout=None if shown else log,
                stderr=None if shown else log,
            )
            if outcome.returncode != 0:
                complain("this step failed; see " + ("above" if shown else str(root / "log.txt")))
                raise typer.Exit(BROKEN_ENVIRONMENT)
    for picture in _draw_overlays(root):
        typer.echo(f"picture: {picture}")
    typer.echo(f"label maps: {root / 'predicted'}")
    typer.echo(f"done in {time.monotonic() - started:.0f} s")


def _make_room(root: Path) -> None:
    """Empties the folder of an earlier demo; refuses any other that holds something."""
    if root.exists() and any(root.iterdir()):
        if not (root / MARK).is_file():
            msg = f"{root} is not empty and not of an earlier demo; choose another folder"
            raise ValueError(msg)
        shutil.rmtree(root)
    root.mkdir(parents=True, exist_ok=True)
    (root / MARK).touch()


def _draw_cases(root: Path) -> None:
    import numpy as np

    from shoulderseg.datasets.shapes import draw_shapes
    from shoulderseg.datasets.writer import write_image

    rng = np.random.default_rng(1)
    names = [f"shapes_{number:02d}" for number in range(TRAINING_CASES + UNSEEN_CASES)]
    for number, name in enumerate(names):
        seen = number < TRAINING_CASES
        image, label_map = draw_shapes(rng)
        for folder, volume in (
            ("images" if seen else "unseen", image),
            ("labels" if seen else "unseen_labels", label_map),
        ):
            (root / folder).mkdir(exist_ok=True)
            write_image(root / folder / f"{name}.nii.gz", volume)


def _draw_overlays(root: Path) -> list[Path]:
    from shoulderseg.cli.overlay import write_overlay
    from shoulderseg.datasets.reader import read_image, read_label_map

    pictures = []
    for path in sorted((root / "predicted").glob("*.nii.gz")):
        predicted = read_label_map(path).array
        reference = read_label_map(root / "unseen_labels" / path.name).array
        picture = root / f"{path.name.removesuffix('.nii.gz')}.png"
        image = read_image(root / "unseen" / path.name)
        write_overlay(picture, image, {"predicted": predicted, "drawn": reference})
        pictures.append(picture)
    return pictures
