"""`shoulderseg demo`: the default bundle on a synthetic shoulder and on a real slice."""

from __future__ import annotations

import os
import shutil
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from shoulderseg.cli.failure import reported
from shoulderseg.cli.predict import REPORT_FILE
from shoulderseg.cli.scripts import process_limit
from shoulderseg.cli.steps import run_together

MARK = ".shoulderseg-demo"
PHANTOM = "phantom_0001"
MAKE = "phantom {root}/made --cases 1 --sequence pd-fs --plane coronal --shape 12,256,256 --seed 3"
PREDICT = "predict {root}/images {root}/predicted"
# A T1 spin echo slice of a shoulder among the NEMA samples that pydicom-data carries.
REAL_SLICE = "MR2_UNCR.dcm"
OWN_FILES = (
    f"images/{PHANTOM}.nii.gz",
    f"images/{REAL_SLICE}",
    "truth.nii.gz",
    *(
        name
        for case in (PHANTOM, REAL_SLICE.removesuffix(".dcm"))
        for name in (f"predicted/{case}.nii.gz", f"{case}.png")
    ),
    f"predicted/{REPORT_FILE}",
)
INSTALL = "install it with: pip install 'shoulderseg[demo]'"


def demo(
    root: Annotated[Path, typer.Argument(help="Folder for everything the demo makes.")],
) -> None:
    """Segment a synthetic shoulder and a real slice with the default bundle; about two minutes.

    The bundle has seen synthetic shoulders alone. Research use only.
    """
    started = time.monotonic()
    with reported():
        _check_packages()
        _make_room(root)
    environment = {**os.environ, **process_limit()}
    run_together([MAKE], environment, root=root)
    with reported():
        _gather(root)
    run_together([PREDICT], environment, root=root)
    with reported():
        for picture in _write_overlays(root):
            typer.echo(f"picture: {picture}")
    typer.echo(f"label maps and run report: {root / 'predicted'}")
    typer.echo(f"done in {time.monotonic() - started:.0f} s")


def _check_packages() -> None:
    """Asks for what draws the pictures before minutes are spent on what they show."""
    if find_spec("matplotlib") is None:
        msg = f"matplotlib is not installed, and the demo draws with it; {INSTALL}"
        raise ValueError(msg)


def _make_room(root: Path) -> None:
    """Removes what an earlier demo made; refuses a folder that holds anything else only."""
    if root.exists() and any(root.iterdir()) and not (root / MARK).is_file():
        msg = f"{root} is not empty and not of an earlier demo; choose another folder"
        raise ValueError(msg)
    root.mkdir(parents=True, exist_ok=True)
    # Stays, so that an interruption leaves a folder that the next demo knows.
    (root / MARK).touch()
    if (root / "made").exists():
        shutil.rmtree(root / "made")
    # Scans of the user's own may lie beside them.
    for name in OWN_FILES:
        (root / name).unlink(missing_ok=True)


def _gather(root: Path) -> None:
    """Puts the phantom's image and the real slice into one folder."""
    from pydicom.data import get_testdata_file

    images = root / "images"
    images.mkdir(exist_ok=True)
    made = next((root / "made").glob("Dataset*"))
    shutil.copyfile(made / "imagesTr" / f"{PHANTOM}_0000.nii.gz", images / f"{PHANTOM}.nii.gz")
    shutil.copyfile(made / "labelsTr" / f"{PHANTOM}.nii.gz", root / "truth.nii.gz")
    real = get_testdata_file(REAL_SLICE, download=False)
    if real is None:
        typer.echo(f"no real slice: pydicom-data is not installed; {INSTALL}")
        return
    shutil.copyfile(str(real), images / REAL_SLICE)


def _write_overlays(root: Path) -> list[Path]:
    from shoulderseg.cli.overlay import write_overlay
    from shoulderseg.datasets.files import case_name, find_volumes
    from shoulderseg.datasets.reader import read_image, read_label_map
    from shoulderseg.evaluation.overlap import count_voxels, dice

    pictures = []
    for path in find_volumes(root / "images"):
        case = case_name(path)
        predicted = read_label_map(root / "predicted" / f"{case}.nii.gz").array
        shown = {"predicted": predicted}
        if case == PHANTOM:
            truth = read_label_map(root / "truth.nii.gz").array
            shown["truth"] = truth
            scores = ", ".join(
                f"{bone} {dice(count_voxels(predicted == value, truth == value)):.3f}"
                for value, bone in ((1, "humerus"), (2, "glenoid"))
            )
            typer.echo(f"Dice of {case}: {scores}")
        pictures.append(root / f"{case}.png")
        write_overlay(pictures[-1], read_image(path), shown)
    return pictures
