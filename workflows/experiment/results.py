"""What an experiment leaves: tables as CSV, JSON and Markdown, and the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from shoulderseg.workflows.experiment.data import ExperimentData, library_versions
from shoulderseg.workflows.experiment.held_out import held_out_training
from shoulderseg.workflows.experiment.protocol import Protocol
from shoulderseg.workflows.experiment.score import WHOLE, Scores, read_masks, read_test_case
from shoulderseg.workflows.experiment.table import (
    Outcome,
    as_records,
    compare_rows,
    false_positives,
    patient_scores,
)
from shoulderseg.workflows.training.size import SMALL


def write_results(
    data: ExperimentData,
    protocol: Protocol,
    cases: Mapping[str, Scores],
    notes: Sequence[str],
    failed: Sequence[str] = (),
) -> tuple[str, Path]:
    """Writes all results of an experiment; each file is whole or not there.

    Args:
        data: of the experiment; the files go to its folder.
        protocol: what was done.
        cases: scores of each test case, at least one.
        notes: sentences to stand beside the table.
        failed: why a test case has no scores; one sentence each.

    Returns:
        The table as Markdown, and the page.

    Raises:
        OSError: if a file cannot be written.
    """
    from shoulderseg.datasets.csv_file import write_csv
    from shoulderseg.datasets.nnunet_raw import write_json
    from shoulderseg.datasets.output_file import write_text
    from shoulderseg.workflows.experiment.curves import learning_curves
    from shoulderseg.workflows.experiment.markdown import markdown
    from shoulderseg.workflows.experiment.page import Shown, render_page
    from shoulderseg.workflows.report.safe_json import plain_values

    out = data.out
    sentences = [*_sentences(data, protocol, cases), *notes, *_unscored(failed)]
    outcome = _outcome(protocol, cases, sentences)
    table = markdown(outcome)
    shown = Shown(
        dataset=data.name,
        outcome=outcome,
        slices=_slices(data, cases, outcome.usual),
        curves=learning_curves(out / "nnUNet_results" / data.name),
        facts=_facts(data, protocol),
    )
    record = _record(data, protocol, outcome)
    record |= {"failed": list(failed), "false_positives": false_positives(cases)}
    write_json(out / "results.json", plain_values(record))
    write_csv(out / "results.csv", _case_lines(cases))
    write_csv(out / "results_slices.csv", _slice_lines(cases))
    write_text(out / "results.md", table)
    page = out / "results.html"
    write_text(page, render_page(shown))
    return table, page


def _outcome(protocol: Protocol, cases: Mapping[str, Scores], sentences: Sequence[str]) -> Outcome:
    scores = patient_scores(cases)
    comparisons = compare_rows(scores, np.random.default_rng(protocol.seed))
    usual = str(next(iter(cases.values()))["usual"])
    return Outcome(scores, comparisons, protocol.tolerance_mm, usual, sentences)


def _as_done(protocol: Protocol, cases: Mapping[str, Scores]) -> Protocol:
    """The protocol without stock configurations that nnU-Net does not plan for this data."""
    rows = next(iter(cases.values()))["rows"]
    return replace(protocol, stock=tuple(n for n in protocol.stock if f"stock_{n}" in rows))


def _sentences(data: ExperimentData, protocol: Protocol, cases: Mapping[str, Scores]) -> list[str]:
    protocol = _as_done(protocol, cases)
    folds, tested = len(data.assignment.folds), len(set(data.assignment.test.values()))
    length = f"{protocol.epochs or 1000} epochs of {protocol.iterations or 250} steps"
    trained = "Each U-Net and stock nnU-Net" if protocol.stock else "Each U-Net"
    return [
        f"{protocol.train} patients trained on in {folds} folds ({len(data.assignment.train)} "
        f"images), {tested} tested ({len(data.assignment.test)} images), seed "
        f"{protocol.seed}. {trained}: {length}, size {protocol.size}; each AlexNet: "
        f"{protocol.refiner_epochs} epochs of {protocol.refiner_steps} steps; on the test patients "
        "the folds' networks are averaged.",
        *_patient_sentence(data),
        *stock_sentences(protocol),
        *_augmentation_sentence(protocol),
        *_start_sentence(protocol),
        "Research use only.",
        *_absent_sentences(cases),
    ]


def _patient_sentence(data: ExperimentData) -> list[str]:
    cases = {**data.assignment.train, **data.assignment.test}
    if any(case != patient for case, patient in cases.items()):
        return []
    return ["Each image counts as a patient of its own."]


def stock_sentences(protocol: Protocol) -> list[str]:
    """What stock nnU-Net is here, and how much each side learns; for whoever reads a table.

    Args:
        protocol: what was done.
    """
    if not protocol.stock:
        return []
    from shoulderseg.nnunet_ext.plans import SMALL_MAX_FEATURES, SMALL_MAX_STAGES

    steps = (protocol.epochs or 1000) * (protocol.iterations or 250)
    refining = protocol.refiner_epochs * protocol.refiner_steps
    each = " and ".join(f"one network {name}" for name in protocol.stock)
    sentences = [
        f"In each fold ours are three U-Nets (3 x {steps} steps) and an AlexNet ({refining} "
        f"steps), stock nnU-Net is {each} ({steps} steps): equal for a network, not for a side."
    ]
    if protocol.size == SMALL and "2d" in protocol.stock:
        sentences.append(
            "Stock nnU-Net 2d is not the network that nnU-Net plans: it has the small plans of our "
            f"U-Nets, at most {SMALL_MAX_STAGES} stages and {SMALL_MAX_FEATURES} features, and is "
            "trained and run by nnU-Net itself."
        )
    return sentences


def _augmentation_sentence(protocol: Protocol) -> list[str]:
    if protocol.augmentation is None:
        return []
    return [f"Our U-Nets learned with {protocol.augmentation} augmentation."]


def _start_sentence(protocol: Protocol) -> list[str]:
    if protocol.start_from is None:
        return []
    from shoulderseg.nnunet_ext.schedule import DEFAULT_LEARNING_RATE

    ours = f"Our U-Nets began with the weights of {protocol.start_from}"
    stock = ", stock nnU-Net with random ones" if protocol.stock else ""
    if protocol.learning_rate is not None:
        ours += f" and a learning rate of {protocol.learning_rate:g}"
        stock += f" and its own rate of {DEFAULT_LEARNING_RATE:g}" if protocol.stock else ""
    return [f"{ours}{stock}; no test patient may have trained those of {protocol.start_from}."]


def _absent_sentences(cases: Mapping[str, Scores]) -> list[str]:
    """Which bones the references lack: who wonders at n finds out here."""
    lacking: dict[str, list[str]] = {}
    for name, scores in cases.items():
        for structure in scores["absent"]:
            lacking.setdefault(structure, []).append(name)
    return [
        f"The reference has no {structure} in {', '.join(names)}: not counted for it in any row, "
        "nor in the mean of both."
        for structure, names in lacking.items()
        if structure != WHOLE
    ]


def _unscored(failed: Sequence[str]) -> list[str]:
    return [f"Not scored: {one}" for one in failed]


def _facts(data: ExperimentData, protocol: Protocol) -> list[tuple[str, str]]:
    facts = library_versions() | protocol.as_record()
    facts |= {f"{name} at the beginning": value for name, value in data.begun_with.items()}
    facts |= {f"start_from {name}": value for name, value in (data.start or {}).items()}
    return [(name, str(value)) for name, value in facts.items()]


def _record(data: ExperimentData, protocol: Protocol, outcome: Outcome) -> dict[str, Any]:
    held_out = held_out_training(data.out / "bundle")
    return {
        "dataset": data.name,
        "protocol": protocol.as_record(),
        "patients": data.assignment.as_record(),
        "start": None if data.start is None else dict(data.start),
        "versions": library_versions(),
        "begun_with": dict(data.begun_with),
        "held_out": None if held_out is None else held_out._asdict(),
        "usual": outcome.usual,
        "rows": as_records(outcome.scores),
        "by_patient": outcome.scores,
        "comparisons": [one._asdict() for one in outcome.comparisons],
    }


def _slices(data: ExperimentData, cases: Mapping[str, Scores], usual: str) -> list[dict[str, str]]:
    """Pictures of the best, the median and the worst slice of the usual row."""
    from shoulderseg.workflows.experiment.pictures import chosen_slices, slice_picture

    dice = {name: scores["slices"][usual] for name, scores in cases.items()}
    pictures = []
    for title, name, place in chosen_slices(dice):
        case = read_test_case(name, data)
        masks = read_masks(data.out / "predictions" / usual / f"{name}.nii.gz", data.labels)
        axis = int(cases[name]["axis"])
        found = [
            f"{bone} {slices[str(place)]:.3f}"
            for bone, slices in dice[name].items()
            if str(place) in slices
        ]
        pictures.append(
            {
                "text": f"{title}: {name}, slice {place}, Dice {', '.join(found)}",
                "png": slice_picture(case.image, masks.label_map, case.reference, place, axis),
            }
        )
    return pictures


def _case_lines(cases: Mapping[str, Scores]) -> Iterator[list[object]]:
    from shoulderseg.evaluation.scores import METRICS

    yield ["row", "patient", "case", "structure", *METRICS]
    for name, scores in cases.items():
        for row, structures in scores["rows"].items():
            for structure, metrics in structures.items():
                figures = [metrics[metric] for metric in METRICS]
                yield [row, scores["patient"], name, structure, *figures]


def _slice_lines(cases: Mapping[str, Scores]) -> Iterator[list[object]]:
    yield ["row", "patient", "case", "structure", "slice", "dice"]
    for name, scores in cases.items():
        for row, bones in scores["slices"].items():
            for bone, slices in bones.items():
                for place, dice in slices.items():
                    yield [row, scores["patient"], name, bone, int(place), dice]
