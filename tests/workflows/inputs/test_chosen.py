"""Cases that a list names, and who votes with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from shoulderseg.workflows.inputs.case_input import CaseInput
from shoulderseg.workflows.inputs.chosen import only_listed
from shoulderseg.workflows.inputs.discover import Inputs


def series(name: str, side: str) -> CaseInput:
    case = CaseInput(name, Path(name), lambda: pytest.fail("read"), source_files=(Path("1.dcm"),))
    return replace(case, examination="x", about={"side": side})


def test_a_list_changes_nobodys_vote(tmp_path: Path) -> None:
    """Without the right shoulder nothing tells that the one that states no side may be it."""
    sides = {"left1": "left", "left2": "left", "right1": "right", "silent": "unknown"}
    inputs = Inputs(tuple(series(name, side) for name, side in sides.items()), (), ())
    wanted = tmp_path / "qc_fail.yml"
    wanted.write_text("FILES_SEG: [left1, silent]\n")
    taken = only_listed(inputs, wanted)
    assert [case.name for case in taken.cases] == ["left1", "left2", "silent"]
    assert taken.groups is not None
    assert [(group.name, group.cases) for group in taken.groups] == [
        ("examination_x_left", ("left1", "left2"))
    ]
    wanted.write_text("FILES_SEG: [silent]\n")
    assert only_listed(inputs, wanted).groups == ()
    assert only_listed(inputs, None).groups is None
