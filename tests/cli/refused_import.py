"""An import of a bundle that is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def refused(run: Run, store: Path, source: Path) -> str:
    """The reason; nothing may have been kept."""
    outcome = run("models", "import", source)
    assert outcome.exit_code == 2, outcome.output
    assert isinstance(outcome.exception, SystemExit)
    left = [path.name for path in store.iterdir()] if store.exists() else []
    assert set(left) <= {".lock"}
    return " ".join(outcome.output.split())
