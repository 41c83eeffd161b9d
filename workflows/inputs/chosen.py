"""The cases of an input that a list names."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shoulderseg.workflows.examination.grouping import Mode
    from shoulderseg.workflows.inputs.discover import Inputs

_LOGGER = logging.getLogger(__name__)


def only_listed(inputs: Inputs, path: Path | None, examination: Mode = "auto") -> Inputs:
    """Takes of an input the cases that a list such as `qc_fail.yml` names.

    Series vote together, so all of an examination are taken where one of them is listed.

    Args:
        inputs: all that was found.
        path: of the list; None takes everything.
        examination: which cases vote together, see `group_cases`.

    Returns:
        The input without all other cases. What is refused stays only where it is listed.

    Raises:
        ValueError: if the list is none, or names nothing that is there.
        OSError: if it cannot be read.
    """
    from shoulderseg.workflows.examination.grouping import group_cases
    from shoulderseg.workflows.report.verdicts import read_case_list

    if path is None:
        return inputs
    listed = read_case_list(path)
    chosen = {case.name for case in inputs.cases if case.name in listed}
    # Of all cases: whom a series votes with does not depend on the list.
    groups = group_cases(inputs.cases, examination)
    for group in groups:
        others = [name for name in group.cases if name not in chosen]
        if others and len(others) < len(group.cases):
            _LOGGER.info("of the examination of a listed series also: %s", ", ".join(others))
            chosen.update(others)
    cases = tuple(case for case in inputs.cases if case.name in chosen)
    skipped = tuple(item for item in inputs.skipped if not item.refused or item.name in listed)
    if not cases:
        found = [case.name for case in inputs.cases]
        shown = ", ".join(found[:5]) + (" ..." if len(found) > 5 else "")
        msg = (
            f"{path.name} names none of the {len(found)} cases of the input ({shown}); give the "
            "images that the judged results were made of"
        )
        raise ValueError(msg)
    _LOGGER.info("%d of %d cases are in %s", len(cases), len(inputs.cases), path.name)
    taken = tuple(group for group in groups if chosen.issuperset(group.cases))
    return replace(inputs, cases=cases, skipped=skipped, groups=taken, in_full=False)
