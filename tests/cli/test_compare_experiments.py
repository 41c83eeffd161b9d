"""What `compare-experiments` prints, keeps and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from shoulderseg.workflows.experiment.protocol import Protocol
from tests.workflows.experiment.made_experiment import write_raw
from tests.workflows.experiment.test_ablation import finish

if TYPE_CHECKING:
    from tests.cli.conftest import Run


def test_the_table_is_printed_and_every_figure_kept(run: Run, tmp_path: Path) -> None:
    source = write_raw(tmp_path / "raw" / "Dataset004_Made", [f"p{n}" for n in range(8)])
    one = finish(source, tmp_path / "one", Protocol("4"), 0.8, [0.7, 0.8, 0.9])
    other = finish(source, tmp_path / "other", Protocol("4", epochs=7), 0.9, [0.7, 0.8, 0.9])
    kept = tmp_path / "kept.json"
    outcome = run("compare-experiments", one, other, "--json", kept)
    assert outcome.exit_code == 0, outcome.output
    assert "| other * | epochs 7 | 0.900 | 0.800 ± 0.100 | 3 |" in outcome.output
    assert json.loads(kept.read_text())["chosen"] == "other"
    outcome = run("compare-experiments", one, tmp_path / "none")
    assert outcome.exit_code == 2
    assert "none holds no finished experiment" in " ".join(outcome.output.split())
