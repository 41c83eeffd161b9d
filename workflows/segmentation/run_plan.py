"""Everything that a run of `predict` needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.workflows.cohort.resume import Ledger
    from shoulderseg.workflows.examination.grouping import Group
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.inputs.discover import Inputs
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.records import Recording
    from shoulderseg.workflows.segmentation.run_report import RunReport
    from shoulderseg.workflows.segmentation.segmenter import Segmenter


@dataclass(frozen=True, kw_only=True)
class Work:
    """What the work on a case needs beside the case.

    Attributes:
        segmenter: the loaded models.
        plan: where results go, and as what.
        report: what records are added to.
        ledger: where it stands what is done already.
        preview: whether a picture of each case is drawn.
        measure: whether the bones are measured.
        side: left, right or axes, of images that do not say which shoulder they show.
        computed_on: device, engine and precision, where each case is to say them.
        overwrite: whether cases that were made with other options, or of other images, are made
            anew.
    """

    segmenter: Segmenter
    plan: OutputPlan
    report: Recording
    ledger: Ledger
    preview: bool = False
    measure: bool = False
    side: str = ""
    computed_on: Mapping[str, str] | None = None
    overwrite: bool = False


@dataclass(frozen=True, kw_only=True)
class Run(Work):
    """Everything that a run needs.

    Attributes:
        inputs: the cases, and what becomes none.
        report: its file.
        examinations: cases that vote together.
        every: all cases of the input, also those of other parts.
        page: whether workers of a cluster give the report page the part of each case.
    """

    inputs: Inputs
    report: RunReport
    examinations: tuple[Group, ...] = ()
    every: tuple[CaseInput, ...] = ()
    page: bool = False
