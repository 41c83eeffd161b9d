"""Several experiments on the same patients: which options the training patients choose."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from shoulderseg.workflows.experiment.data import PROTOCOL_FILE
from shoulderseg.workflows.experiment.held_out import Held
from shoulderseg.workflows.experiment.table import OVERALL

if TYPE_CHECKING:
    import numpy as np

    from shoulderseg.evaluation.paired import Paired

RESULTS_FILE = "results.json"
_NEEDED = ("protocol", "patients", "by_patient", "usual")
# What tells experiments of the same patients apart does not tell how they learn.
_NO_OPTION = ("dataset", "train", "test", "test_on", "patient_pattern", "stock", "tolerance_mm")
_START_WEIGHTS = "start weights"


class Trial(NamedTuple):
    """One experiment among others.

    Attributes:
        name: of its folder, with as many of the folders above as tell it from the others.
        options: how it learned: field of the protocol to value, the weights that it began with and
            this package's version, of those in which the experiments differ.
        held_out: of the training patients.
        tested: Dice of each test patient, the mean of both bones, NaN where there is none, of what
            `predict` does without options.
        against: this one against the first one, over test patients; None for the first one.
    """

    name: str
    options: Mapping[str, Any]
    held_out: Held
    tested: Mapping[str, float]
    against: Paired | None


def compare_experiments(folders: Sequence[Path], rng: np.random.Generator) -> list[Trial]:
    """Reads experiments that differ in how they learned.

    Args:
        folders: of finished experiments on the same patients and files, the first one is the one
            that others are compared with.
        rng: draws the resamples of intervals of 20 patients or more.

    Returns:
        One a folder, in their order; `chosen_by_training` says which one to take.

    Raises:
        FileNotFoundError: if a folder holds no finished experiment.
        ValueError: if there are fewer than two, one is given twice, they are not of the same
            patients and files, a test case has no score, or one was scored by an earlier version.
    """
    from shoulderseg.evaluation.paired import compare_paired

    _check_folders(folders)
    read = [_read(folder) for folder in folders]
    for folder, one in zip(folders[1:], read[1:], strict=True):
        _check_same(folders[0], read[0], folder, one)
    options = [_options(one) for one in read]
    differing = [
        name
        for name in dict.fromkeys(name for one in options for name in one)
        if any(one.get(name) != options[0].get(name) for one in options)
    ]
    if "start_from" in differing:
        differing = [name for name in differing if name != _START_WEIGHTS]
    tested = [_tested(one) for one in read]
    patients, names = sorted(tested[0]), _distinct_names(folders)
    trials = []
    for place, one in enumerate(read):
        theirs, ours = ([dice[name] for name in patients] for dice in (tested[0], tested[place]))
        trials.append(
            Trial(
                names[place],
                {name: options[place].get(name) for name in differing},
                Held(float(one["held_out"]["dice"]), int(one["held_out"]["patients"])),
                tested[place],
                compare_paired(theirs, ours, rng) if place else None,
            )
        )
    return trials


def chosen_by_training(trials: Sequence[Trial]) -> Trial:
    """The experiment whose held-out training patients have the best Dice; of equals the first."""
    return max(trials, key=lambda trial: trial.held_out.dice)


def _options(found: Mapping[str, Any]) -> dict[str, Any]:
    """How an experiment learned."""
    options = {name: value for name, value in found["protocol"].items() if name not in _NO_OPTION}
    # The same name or path may have stood for other weights.
    start, begun = found.get("start") or {}, found.get("begun_with") or {}
    options[_START_WEIGHTS] = str(start["weights_sha256"])[:12] if start else None
    return options | {"shoulderseg": begun.get("shoulderseg")}


def _distinct_names(folders: Sequence[Path]) -> list[str]:
    """The last parts of paths, as many as tell them apart."""
    parts = [folder.resolve().parts for folder in folders]
    for count in range(1, max(len(one) for one in parts)):
        names = ["/".join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]


def _check_folders(folders: Sequence[Path]) -> None:
    if len(folders) < 2:
        msg = f"{len(folders)} experiments, expected at least 2 to compare"
        raise ValueError(msg)
    seen: dict[Path, Path] = {}
    for folder in folders:
        if folder.resolve() in seen:
            msg = f"{folder} is given twice"
            raise ValueError(msg)
        seen[folder.resolve()] = folder


def _read(folder: Path) -> dict[str, Any]:
    """What an experiment has found, with the hashes of its files."""
    path, protocol = folder / RESULTS_FILE, folder / PROTOCOL_FILE
    if not (path.is_file() and protocol.is_file()):
        msg = f"{folder} holds no finished experiment: expected {RESULTS_FILE} and {PROTOCOL_FILE}"
        raise FileNotFoundError(msg)
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found["files"] = json.loads(protocol.read_text(encoding="utf-8"))["files"]
        missing = [name for name in _NEEDED if name not in found]
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{folder} holds a damaged {RESULTS_FILE} or {PROTOCOL_FILE}: {error!r}"
        raise ValueError(msg) from error
    if missing:
        msg = f"{path} is no result of an experiment: {', '.join(missing)} missing"
        raise ValueError(msg)
    if found.get("failed"):
        msg = f"{folder}: not all test cases are scored: {'; '.join(found['failed'])}"
        raise ValueError(msg)
    held_out = (found.get("held_out") or {}).get("dice")
    if held_out is None or not math.isfinite(held_out):
        msg = (
            f"{folder} does not say how well held-out training patients are segmented; give its "
            "`experiment` command once more, which only scores anew"
        )
        raise ValueError(msg)
    return found


def _check_same(
    first: Path, one: Mapping[str, Any], folder: Path, other: Mapping[str, Any]
) -> None:
    """Refuses to compare what was learned from, or tested on, other images."""
    if one["files"] != other["files"] or one["patients"] != other["patients"]:
        msg = (
            f"{first} and {folder} are not of the same patients, folds and files; give the same "
            "dataset, numbers of patients and --seed"
        )
        raise ValueError(msg)


def _tested(found: Mapping[str, Any]) -> dict[str, float]:
    """Dice of each test patient of the row that `predict` takes."""
    dice = found["by_patient"][found["usual"]][OVERALL]["dice"]
    return {name: math.nan if value is None else float(value) for name, value in dice.items()}
