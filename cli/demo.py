"""`shoulderseg demo`: the whole path on synthetic shoulders, from images to scored label maps."""

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

MARK = ".shoulderseg-demo"
DATASET = "nnUNet_raw/Dataset900_Phantom"
# One sequence and one plane of sound shoulders: minutes of training do not reach further.
STEPS = [
    "phantom {root}/nnUNet_raw --cases 10 --test-cases 2 --sequence t1-se --plane coronal "
    "--health healthy --shape 12,80,80 --spacing 4,1.5,1.5",
    "plan 900 --size small --batch-size 8",
    "train 900 --size small --folds all --epochs 2 --iterations 40",
    "train-refiner 900 --size small --epochs 2 --steps 40 --batch-size 128",
    "export 900 {root}/bundle --size small --overwrite",
    f"predict {{root}}/{DATASET}/imagesTs {{root}}/predicted --model {{root}}/bundle --refine",
    f"evaluate {{root}}/predicted {{root}}/{DATASET}/labelsTs",
]
SHOWN = ("phantom", "train-refiner", "export", "predict", "evaluate")


def demo(
    root: Annotated[Path, typer.Argument(help="Folder for everything the demo makes.")],
) -> None:
    """Train a tiny model on synthetic shoulders and segment two it has not seen; some minutes.

    No model comes with the package yet. What is trained here knows computer-generated shoulders of
    one kind alone, and minutes of training are few: it is of no use for images of patients.
    """
    started = time.monotonic()
    typer.echo(
        "No model comes with this version. The demo makes ten synthetic shoulders that show no"
    )
    typer.echo(
        "patient, trains a tiny model on eight of them, some minutes on two cores, and segments"
    )
    typer.echo("the other two. That model is of no use for real shoulders.")
    with reported():
        _make_room(root)
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
            shown = words[0] in SHOWN
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
    for picture in _write_overlays(root):
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


def _write_overlays(root: Path) -> list[Path]:
    from shoulderseg.cli.overlay import write_overlay
    from shoulderseg.datasets.reader import read_image, read_label_map

    pictures = []
    for path in sorted((root / "predicted").glob("*.nii.gz")):
        predicted = read_label_map(path).array
        case = path.name.removesuffix(".nii.gz")
        image = read_image(root / DATASET / "imagesTs" / f"{case}_0000.nii.gz")
        truth = read_label_map(root / DATASET / "labelsTs" / path.name).array
        picture = root / f"{case}.png"
        write_overlay(picture, image, {"predicted": predicted, "truth": truth})
        pictures.append(picture)
    return pictures
