"""Writing of phantom examinations, one folder a person.

`exam_0001` holds `images` (files, or a folder for each DICOM series) and `labels`, `bones.nii.gz`
with both bones on a fine grid as they lay in the first series, and `examination.json` with all that
was drawn and how each bone moved.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.datasets.nnunet_raw import FILE_ENDING, write_json
from shoulderseg.datasets.phantom.case_files import SCRATCH
from shoulderseg.datasets.phantom.dicom_series import SeriesIdentity, write_series
from shoulderseg.datasets.phantom.examination.examine import examine
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.phantom.presets import PhantomSet, case_rng
from shoulderseg.datasets.writer import write_image, write_label_map

if TYPE_CHECKING:
    from collections.abc import Callable

    from shoulderseg.datasets.phantom.case_files import FileFormat
    from shoulderseg.datasets.phantom.examination.examine import Examination

RECORD = "examination.json"


@dataclass(frozen=True)
class ExaminationSet:
    """Which examinations are written.

    Attributes:
        options: What persons and images should be like.
        cases: How many persons.
        seed: Same seed, same bytes; a person does not depend on how many others there are.
        file_format: Of the images.
    """

    options: PhantomOptions
    cases: int = 8
    seed: int = 1
    file_format: FileFormat = "nifti"


def examination_name(number: int) -> str:
    """Gives the name of the examination with a number from 1 on."""
    return f"exam_{number:04d}"


def write_examinations(
    out: Path,
    examinations: ExaminationSet,
    *,
    workers: int = 2,
    overwrite: bool = False,
    on_case: Callable[[str, float | None], None] = lambda *_: None,
) -> list[Path]:
    """Writes examinations, or finishes what was begun.

    Args:
        out: Folder that gets a folder for each.
        examinations: What to make.
        workers: Threads; the files do not depend on it.
        overwrite: Replace earlier ones of the same name.
        on_case: Is told the name of each, and in how many seconds it was made; None if it was
            there already.

    Returns:
        The folders.

    Raises:
        ValueError: If the options are none of an examination, or a folder holds something else.
        OSError: If a file cannot be written.
    """
    folders = []
    # Checks the numbers as for any other set.
    phantoms = PhantomSet(examinations.options, cases=examinations.cases, seed=examinations.seed)
    for number in range(1, examinations.cases + 1):
        folder = out / examination_name(number)
        origin = _origin(examinations, number)
        seconds = None
        if overwrite or not _is_there(folder, origin):
            started = time.perf_counter()
            found = examine(examinations.options, case_rng(phantoms, number), workers=workers)
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=out, prefix=SCRATCH) as name:
                scratch = Path(name, folder.name)
                _write(scratch, found, origin, number)
                if folder.exists():
                    shutil.rmtree(folder)
                scratch.rename(folder)
            seconds = time.perf_counter() - started
        folders.append(folder)
        on_case(folder.name, seconds)
    return folders


def _origin(examinations: ExaminationSet, number: int) -> dict[str, Any]:
    """All that an examination is made from, as JSON gives it back."""
    values = {
        "shoulderseg": version("shoulderseg"),
        "seed": examinations.seed,
        "number": number,
        "format": examinations.file_format,
        "options": asdict(examinations.options),
    }
    origin: dict[str, Any] = json.loads(json.dumps(values))
    return origin


def _is_there(folder: Path, origin: dict[str, Any]) -> bool:
    if not folder.exists():
        return False
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))["made_from"]
    except (OSError, ValueError, KeyError, TypeError):
        found = None
    if found != origin:
        msg = (
            f"{folder} holds something else than this examination; choose another folder, or "
            "overwrite it"
        )
        raise ValueError(msg)
    return True


def _write(folder: Path, examination: Examination, origin: dict[str, Any], number: int) -> None:
    images, labels = folder / "images", folder / "labels"
    images.mkdir(parents=True)
    labels.mkdir()
    study = json.dumps(origin, sort_keys=True)
    for count, series in enumerate(examination.series, start=1):
        if origin["format"] == "dicom":
            identity = SeriesIdentity(number, f"{study}\n{series.name}", study, count)
            write_series(images / series.name, series.case, identity)
        else:
            write_image(images / f"{series.name}{FILE_ENDING}", series.case.image)
        write_label_map(
            labels / f"{series.name}{FILE_ENDING}", series.case.label_map, series.case.image
        )
    write_label_map(folder / f"bones{FILE_ENDING}", examination.bones.array, examination.bones)
    first = examination.series[0].case
    write_json(
        folder / RECORD,
        {
            "made_from": origin,
            "measurements": first.measurements,
            "series": {
                series.name: {
                    "parameters": series.case.parameters,
                    # From where the bone lay in the first series, homogeneous, LPS mm.
                    "motions": {
                        bone: motion.matrix().tolist() for bone, motion in series.motions.items()
                    },
                }
                for series in examination.series
            },
        },
    )
