"""Synthetic shoulders: what is asked for, on top of a preset, and writing it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.lock import locked

if TYPE_CHECKING:
    from shoulderseg.datasets.phantom.dataset import SetReport, Writing
    from shoulderseg.datasets.phantom.presets import PhantomSet

NIFTI, DICOM = "nifti", "dicom"


@dataclass(frozen=True)
class DatasetNames:
    """What the nnU-Net dataset of a set is called and how it is split; None leaves the default.

    Attributes:
        dataset_id: number of the dataset.
        name: of the dataset.
        folds: of the cross-validation.
    """

    dataset_id: int | None = None
    name: str | None = None
    folds: int | None = None


def order_phantoms(
    preset: str | None, options: Mapping[str, Any], others: Mapping[str, Any]
) -> PhantomSet:
    """Gives the set that is asked for.

    Args:
        preset: name of a preset; None for none.
        options: fields of `PhantomOptions`; None is not asked for.
        others: fields of `PhantomSet`; None is not asked for.

    Raises:
        ValueError: if there is no such preset, or a value cannot be.
    """
    from shoulderseg.datasets.phantom.presets import PRESETS, PhantomSet

    if preset is not None and preset not in PRESETS:
        msg = f"preset is {preset!r}, expected one of {', '.join(PRESETS)}"
        raise ValueError(msg)
    base = PhantomSet() if preset is None else PRESETS[preset]
    wanted = replace(base.options, **_given(options))
    return replace(base, options=wanted, **_given(others))


def write_phantoms(
    out: Path,
    phantoms: PhantomSet,
    writing: Writing,
    file_format: str = NIFTI,
    names: DatasetNames | None = None,
) -> SetReport:
    """Writes a set, or finishes one that was begun.

    Args:
        out: folder that the dataset folder, or the DICOM series, go to.
        phantoms: what to make.
        writing: how to write it, and what is called after each case.
        file_format: `nifti` for an nnU-Net dataset, or `dicom`.
        names: of the nnU-Net dataset.

    Raises:
        ValueError: if names are given that the format has no use for, or the folder holds
            something else.
        OSError: if a file cannot be written, or another process writes to the folder.
    """
    from shoulderseg.datasets.phantom.dataset import write_dataset, write_dicom

    given = _given(asdict(names or DatasetNames()))
    if given and file_format != NIFTI:
        flags = ", ".join("--" + key.replace("_", "-") for key in given)
        msg = f"{flags} belong to a dataset for nnU-Net; leave them out with --format dicom"
        raise ValueError(msg)
    with _alone(out):
        if file_format == NIFTI:
            return write_dataset(out, phantoms, writing, **given)
        return write_dicom(out, phantoms, writing)


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Lets no other `phantom` remove what this one is at; the lock lies beside the folder.

    Where nobody may write beside it, as where the folder is a mounted disk, there is none.

    Raises:
        TimeoutError: if another is at work.
    """
    place = out.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    if not os.access(place.parent, os.W_OK | os.X_OK):
        yield
        return
    msg = f"another phantom run is at work in {out}; wait for its end or choose another folder"
    with locked(place.parent / f".{place.name}.lock", 0, TimeoutError(msg), remove=True):
        yield


def write_phantom_examinations(
    out: Path,
    options: Mapping[str, Any],
    numbers: Mapping[str, int | None],
    writing: Writing,
    file_format: str = NIFTI,
    on_case: Callable[[str, float | None], None] = lambda *_: None,
) -> list[Path]:
    """Writes examinations of several series each, or finishes what was begun.

    Args:
        out: folder that gets a folder for each person.
        options: fields of `PhantomOptions`; None is not asked for.
        numbers: `cases` and `seed`; None is not asked for.
        writing: threads, and whether earlier ones are replaced.
        file_format: `nifti` or `dicom`.
        on_case: is told the name of each and in how many seconds it was made; None if it was there.

    Raises:
        ValueError: if a value cannot be, or a folder holds something else.
        OSError: if a file cannot be written.
    """
    from shoulderseg.datasets.phantom.examination.write import ExaminationSet, write_examinations
    from shoulderseg.datasets.phantom.options import PhantomOptions

    wanted = ExaminationSet(
        PhantomOptions(**_given(options)),
        file_format="dicom" if file_format == DICOM else "nifti",
        **_given(numbers),
    )
    with _alone(out):
        return write_examinations(
            out, wanted, workers=writing.workers, overwrite=writing.overwrite, on_case=on_case
        )


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
