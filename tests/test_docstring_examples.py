"""The examples in docstrings give what they show."""

from __future__ import annotations

import ast
import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("cli", "datasets", "evaluation", "morphometry", "nnunet_ext", "refine", "workflows")


def has_examples(source: str) -> bool:
    """Whether a public docstring holds an example that is not skipped."""
    # Parsing every file would take longer than the examples do.
    if ">>>" not in source:
        return False
    tree = ast.parse(source)
    docstrings = [ast.get_docstring(tree) or ""] + [
        ast.get_docstring(node) or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
    ]
    lines = "\n".join(docstrings).splitlines()
    return any(line.lstrip().startswith(">>>") and "+SKIP" not in line for line in lines)


def modules() -> list[str]:
    paths = [*ROOT.glob("*.py"), *(p for folder in FOLDERS for p in (ROOT / folder).rglob("*.py"))]
    found = [path.relative_to(ROOT) for path in paths if has_examples(path.read_text("utf-8"))]
    return sorted(".".join(["shoulderseg", *path.with_suffix("").parts]) for path in found)


MODULES = [name.removesuffix(".__init__") for name in modules()]


def test_modules_with_examples_are_found() -> None:
    assert {"shoulderseg", "shoulderseg.evaluation.scores"} <= set(MODULES)
    assert not has_examples(
        'def read() -> None:\n    """Reads.\n\n    >>> 1  # doctest: +SKIP\n"""'
    )
    assert has_examples('def read() -> None:\n    """Reads.\n\n    >>> 1\n    1\n    """')


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_show(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted > 0
    assert result.failed == 0
