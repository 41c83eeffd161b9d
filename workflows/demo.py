"""The demo: the default bundle on a synthetic shoulder and on a real slice."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shoulderseg.workflows.outputs.plan import REPORT_FILE
from shoulderseg.workflows.processes.scripts import process_limit
from shoulderseg.workflows.processes.steps import run_together

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


@dataclass(frozen=True)
class Demo:
    """What a demo made.

    Attributes:
        predicted: folder of the label maps and of the run report.
        pictures: PNG files, one a case.
        dice: of the synthetic shoulder, by bone; of the real slice no truth is known.
        missing: what to say where the real slice is not there; empty if it is.
    """

    predicted: Path
    pictures: tuple[Path, ...]
    dice: dict[str, float]
    missing: str = ""


def make_demo(root: Path, on_command: Callable[[str], None]) -> Demo:
    """Makes a phantom, segments it and a real slice, and draws the results.

    Args:
        root: folder for everything; new, empty, or of an earlier demo.
        on_command: is called with each command before it runs.

    Raises:
        ValueError: if matplotlib is not installed, or the folder holds something else.
        StepFailedError: if a command fails.
    """
    _check_packages()
    _make_room(root)
    environment = {**os.environ, **process_limit()}
    run_together([MAKE], environment, on_command, root=root)
    missing = _gather(root)
    run_together([PREDICT], environment, on_command, root=root)
    pictures, dice = _write_overlays(root)
    return Demo(root / "predicted", tuple(pictures), dice, missing)


def _check_packages() -> None:
    """Asks for what draws the pictures before minutes are spent on what they show."""
    if find_spec("matplotlib") is None:
        msg = f"matplotlib is not installed, and the demo draws with it; {INSTALL}"
        raise ValueError(msg)


def _make_room(root: Path) -> None:
    """Removes what an earlier demo made; refuses a folder that holds anything else only."""
    from shoulderseg.datasets.output_file import write_text

    if root.exists() and any(root.iterdir()) and not (root / MARK).is_file():
        msg = f"{root} is not empty and not of an earlier demo; choose another folder"
        raise ValueError(msg)
    root.mkdir(parents=True, exist_ok=True)
    # Stays, so that an interruption leaves a folder that the next demo knows.
    write_text(root / MARK, "")
    if (root / "made").exists():
        shutil.rmtree(root / "made")
    # Scans of the user's own may lie beside them.
    for name in OWN_FILES:
        (root / name).unlink(missing_ok=True)


def _gather(root: Path) -> str:
    """Puts the phantom's image and the real slice into one folder; says if the slice is missing."""
    from pydicom.data import get_testdata_file

    from shoulderseg.datasets.output_file import copy_file, make_folder

    images = root / "images"
    make_folder(images, root)
    made = next((root / "made").glob("Dataset*"))
    copy_file(made / "imagesTr" / f"{PHANTOM}_0000.nii.gz", images / f"{PHANTOM}.nii.gz")
    copy_file(made / "labelsTr" / f"{PHANTOM}.nii.gz", root / "truth.nii.gz")
    real = get_testdata_file(REAL_SLICE, download=False)
    if real is None:
        return f"no real slice: pydicom-data is not installed; {INSTALL}"
    copy_file(Path(real), images / REAL_SLICE)
    return ""


def _write_overlays(root: Path) -> tuple[list[Path], dict[str, float]]:
    from shoulderseg.datasets.files import case_name, find_volumes
    from shoulderseg.datasets.reader import read_image, read_label_map
    from shoulderseg.evaluation.overlap import count_voxels, dice
    from shoulderseg.workflows.outputs.overlay import write_overlay

    pictures, scores = [], {}
    for path in find_volumes(root / "images"):
        case = case_name(path)
        predicted = read_label_map(root / "predicted" / f"{case}.nii.gz").array
        shown = {"predicted": predicted}
        if case == PHANTOM:
            truth = read_label_map(root / "truth.nii.gz").array
            shown["truth"] = truth
            scores = {
                bone: dice(count_voxels(predicted == value, truth == value))
                for value, bone in ((1, "humerus"), (2, "glenoid"))
            }
        pictures.append(root / f"{case}.png")
        write_overlay(pictures[-1], read_image(path), shown)
    return pictures, scores
