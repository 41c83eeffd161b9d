from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_wheel_ships_the_default_bundle_and_the_report_page(tmp_path: Path) -> None:
    """Built from a copy with a bundle of empty files."""
    copy = tmp_path / "copy"
    packages = ("cli", "datasets", "evaluation", "morphometry", "nnunet_ext", "refine", "workflows")
    for name in packages:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "__init__.py", "py.typed"):
        shutil.copyfile(ROOT / name, copy / name)
    folder = copy / "workflows" / "bundles" / "default_bundle"
    folder.mkdir(exist_ok=True)
    shipped = ["bundle.json", "plans.json", "whole_fold_0.safetensors", "MODEL_CARD.md"]
    for name in shipped:
        (folder / name).touch()
    build = f"from setuptools import build_meta as b; b.build_wheel({str(tmp_path)!r})"
    outcome = subprocess.run(
        [sys.executable, "-c", build], cwd=copy, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stderr[-2000:]
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as content:
        names = set(content.namelist())
    files = [
        *copy.glob("*.py"),
        *(file for name in packages for file in (copy / name).rglob("*.py")),
    ]
    modules = {f"shoulderseg/{file.relative_to(copy).as_posix()}" for file in files}
    assert len(modules) > 200
    assert modules | {"shoulderseg/py.typed"} <= names
    assets = [*(copy / "workflows" / "report" / "assets").iterdir()]
    assert len(assets) > 5
    assert {f"shoulderseg/{file.relative_to(copy).as_posix()}" for file in assets} <= names
    assert {f"shoulderseg/workflows/bundles/default_bundle/{name}" for name in shipped} <= names
