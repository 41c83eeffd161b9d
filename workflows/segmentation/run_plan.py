"""Everything that a run of `predict` needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.resume import Ledger
    from shoulderseg.workflows.examination.grouping import Group
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.inputs.discover import Inputs
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.run_report import RunReport
    from shoulderseg.workflows.segmentation.segmenter import Segmenter


@dataclass(frozen=True)
class Run:
    """Everything that a run needs.

    Attributes:
        segmenter: the loaded models.
        inputs: the cases, and what becomes none.
        plan: where results go, and as what.
        report: its file.
        preview: whether a picture of each case is drawn.
        measure: whether the bones are measured.
        side: left, right or axes, of images that do not say which shoulder they show.
        examinations: cases that vote together.
        ledger: where it stands what is done already.
        overwrite: whether cases that were made with other options are made anew.
        every: all cases of the input, also those of other parts.
    """

    segmenter: Segmenter
    inputs: Inputs
    plan: OutputPlan
    report: RunReport
    ledger: Ledger
    preview: bool = False
    measure: bool = False
    side: str = ""
    examinations: tuple[Group, ...] = ()
    overwrite: bool = False
    every: tuple[CaseInput, ...] = ()
