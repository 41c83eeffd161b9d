"""The house: cli -> workflows -> datasets, nnunet_ext, refine, evaluation; never upward."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOUNDATIONS = ("datasets", "nnunet_ext", "refine", "evaluation")
# What each folder may import of this project, beside itself.
ALLOWED = {
    "cli": {"workflows", *FOUNDATIONS},
    "workflows": set(FOUNDATIONS),
    **{name: set() for name in FOUNDATIONS},
}


def wrong_imports(source: str, folder: str) -> list[str]:
    """Modules that a file in a folder imports against the arrows, wherever in the file."""
    modules = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            # `from shoulderseg import cli` names the folder behind `import`.
            modules += (
                [f"shoulderseg.{alias.name}" for alias in node.names]
                if node.module == "shoulderseg"
                else [node.module]
            )
    folders = set(ALLOWED) | {"benchmarks", "tests"}
    own = [module.split(".") for module in modules]
    return [
        ".".join(parts)
        for parts in own
        if (
            (parts[0] == "shoulderseg" and len(parts) > 1 and parts[1] in folders)
            and parts[1] not in ALLOWED[folder] | {folder}
        )
        or parts[0] in ("tests", "benchmarks")
    ]


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
    ],
)
def test_an_arrow_against_the_house_is_found(
    source: str, folder: str, expected: list[str] | None
) -> None:
    assert wrong_imports(source, folder) == (
        ["shoulderseg.refine.voting"] if expected is None else expected
    )
