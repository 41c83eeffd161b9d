"""The house: cli -> workflows -> datasets, nnunet_ext, refine, evaluation,
morphometry; never upward."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOUNDATIONS = ("datasets", "nnunet_ext", "refine", "evaluation", "morphometry")
# What each folder may import of this project, beside itself.
ALLOWED = {
    "cli": {"workflows", *FOUNDATIONS},
    "workflows": set(FOUNDATIONS),
    **{name: set() for name in FOUNDATIONS},
}


# What talks to a person in a terminal; below cli functions raise and return.
TERMINAL = {"typer", "rich", "click"}


def wrong_imports(source: str, folder: str) -> list[str]:
    """Modules that a file in a folder imports against the arrows, wherever in the file."""
    modules = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            # Folders at the top level have no parent that a dot could mean in all set-ups.
            modules.append("." * node.level + (node.module or ""))
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from shoulderseg import cli` names the folder behind `import`.
            modules += (
                [f"shoulderseg.{alias.name}" for alias in node.names]
                if node.module == "shoulderseg"
                else [node.module]
            )
        elif isinstance(node, ast.Call) and _imports_by_name(node):
            modules += [
                text.value
                for text in node.args
                if isinstance(text, ast.Constant) and isinstance(text.value, str)
            ]
    return [module for module in modules if _is_wrong(module, folder)]


def _imports_by_name(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name in ("import_module", "__import__")


def _is_wrong(module: str, folder: str) -> bool:
    first, *rest = module.split(".")
    if first == "shoulderseg":
        # The package itself offers what workflows do.
        return not rest or rest[0] not in ALLOWED[folder] | {folder}
    if first in TERMINAL:
        return folder != "cli"
    return first in ("", "tests", "benchmarks")


@pytest.mark.parametrize("folder", sorted(ALLOWED))
def test_no_file_imports_against_the_arrows(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in files
        if (found := wrong_imports(path.read_text(), folder))
    }
    assert not wrong


@pytest.mark.parametrize(
    ("source", "folder", "expected"),
    [
        ("import shoulderseg.cli.app", "workflows", ["shoulderseg.cli.app"]),
        ("def f():\n    from shoulderseg.refine.voting import fuse", "evaluation", None),
        ("from shoulderseg import workflows", "datasets", ["shoulderseg.workflows"]),
        ("from shoulderseg.datasets.reader import read_image", "workflows", []),
        ("from tests.untrained import write_untrained", "cli", ["tests.untrained"]),
        ("from shoulderseg import Segmenter", "datasets", ["shoulderseg.Segmenter"]),
        ("import shoulderseg as ss", "refine", ["shoulderseg"]),
        ("from ...cli import app", "workflows", ["...cli"]),
        ("import_module('shoulderseg.cli.app')", "workflows", ["shoulderseg.cli.app"]),
        ("from typer import echo", "workflows", ["typer"]),
        ("import typer", "cli", []),
    ],
)
def test_an_arrow_against_the_house_is_found(
    source: str, folder: str, expected: list[str] | None
) -> None:
    assert wrong_imports(source, folder) == (
        ["shoulderseg.refine.voting"] if expected is None else expected
    )
