"""Docstrings of functions say what a function does ("Reads ..."), not what to do ("Read ...").

In `cli` they are help texts, which ask in the imperative.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("datasets", "evaluation", "morphometry", "nnunet_ext", "refine", "workflows")
VERBS = """
Add Apply Ask Assemble Average Begin Bring Build Calculate Call Check Choose Collect Compare
Compute Convert Copy Count Create Crop Cut Decide Delete Describe Determine Draw Estimate Extract
Fill Find Finish Fit Fuse Generate Get Give Group Hand Import Interpolate Keep Lay Learn Leave
Lengthen Let Load Look Make Map Measure Merge Move Normalise Open Paint Parse Part Place Predict
Print Put Read Refine Refuse Remove Render Replace Resample Restore Return Run Sample Save Scale
Search Segment Select Send Set Show Simulate Sort Split Spread Start Store Take Tell Train
Transform Try Turn Unpack Update Use Validate Verify Wait Work Write Yield
"""


def python_files() -> list[Path]:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    return sorted([*ROOT.glob("*.py"), *files])


def imperatives(source: str) -> Iterator[str]:
    """Yields the modules and functions whose docstring begins with a verb's bare form."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        words = re.findall(r"[\w-]+", ast.get_docstring(node) or "")[:2]
        # "Map of the ..." and the like name a thing.
        if words and words[0] in VERBS.split() and words[1:] != ["of"]:
            yield f"{getattr(node, 'name', 'module')}: {' '.join(words)} ..."


def test_functions_are_described_in_the_third_person() -> None:
    texts = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in python_files()}
    assert len(texts) > 100
    assert [f"{name}: {found}" for name, text in texts.items() for found in imperatives(text)] == []


@pytest.mark.parametrize(
    ("words", "counts"), [("Read a file.", 1), ("Reads a file.", 0), ("Map of tissues.", 0)]
)
def test_a_bare_verb_counts(words: str, counts: int) -> None:
    assert len(list(imperatives(f'def read() -> None:\n    """{words}"""\n'))) == counts
