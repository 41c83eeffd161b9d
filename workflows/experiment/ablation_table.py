"""Several experiments beside each other, as a table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.experiment.ablation import Trial, chosen_by_training
from shoulderseg.workflows.experiment.table import summarise_patients

if TYPE_CHECKING:
    from shoulderseg.evaluation.paired import Paired


def ablation_markdown(trials: Sequence[Trial]) -> str:
    """The table, a row an experiment.

    Args:
        trials: from `compare_experiments`.
    """
    from shoulderseg.workflows.experiment.markdown import as_table, summary_text

    chosen = chosen_by_training(trials)
    headings = ["", "learned with", "training patients, held out", "test patients", "n"]
    rows = [[*headings, "against the first", "95 % interval", "p"]]
    for trial in trials:
        options = ", ".join(f"{name} {value}" for name, value in trial.options.items())
        summary = summarise_patients(trial.tested)
        found = [f"{trial.held_out.dice:.3f}", summary_text(summary, "dice"), str(summary.n)]
        star = " *" if trial is chosen else ""
        rows.append([trial.name + star, options or "-", *found, *_against(trial.against)])
    note = (
        "Dice, mean of both bones. Training patients are segmented by the vote of networks that "
        "did not learn from them, with edges refined where that helps; test patients as predict "
        "does without options. * The one that the training patients choose: its figure on the test "
        "patients is what such a choice gives. The best on the test patients, picked after the "
        "fact, answers nothing. Research use only."
    )
    if any(trial.options.get("start_from") for trial in trials):
        note += " A bundle that networks began with may have seen none of these patients."
    return f"{as_table(rows)}\n\n{note}\n"


def write_record(path: Path, trials: Sequence[Trial]) -> None:
    """Writes the comparison as JSON; what is no number is null.

    Args:
        path: of the file.
        trials: from `compare_experiments`.

    Raises:
        OSError: if it cannot be written.
    """
    from shoulderseg.datasets.nnunet_raw import write_json
    from shoulderseg.workflows.report.safe_json import plain_values

    found = [
        {
            "name": trial.name,
            "options": dict(trial.options),
            "held_out": trial.held_out._asdict(),
            "tested": dict(trial.tested),
            "against_the_first": None if trial.against is None else trial.against._asdict(),
        }
        for trial in trials
    ]
    content = {"chosen": chosen_by_training(trials).name, "experiments": found}
    write_json(path, plain_values(content))


def _against(paired: Paired | None) -> list[str]:
    if paired is None or not paired.n:
        return ["", "", ""]
    low, high = paired.interval
    interval = "-" if math.isnan(low) else f"{low:+.4f} to {high:+.4f}"
    return [f"{paired.mean_difference:+.4f}", interval, f"{paired.p_value:.3f}"]
