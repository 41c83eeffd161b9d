"""What the report on known weaknesses says, with a pip-audit that is made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import audit

Told = Callable[[object], None]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Has pip-audit say something, and two packages pinned."""

    def tell(answer: object) -> None:
        text = answer if isinstance(answer, str) else json.dumps({"dependencies": answer})
        (tmp_path / "pip_audit.py").write_text(f"print({text!r})")

    (tmp_path / "constraints.txt").write_text("other==1.0\nurllib3==2.0\n")
    monkeypatch.setattr(audit, "CONSTRAINTS", tmp_path / "constraints.txt")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tell


def package(name: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"name": name, "version": "1.0", **more}


def test_what_is_known_is_listed(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    told([package("other", vulns=[{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]), package("b", vulns=[])])
    assert audit.main() == 1
    said = capsys.readouterr().out
    assert "other 1.0: PYSEC-1, PYSEC-2" in said
    assert "2 packages asked for, 1 with known weaknesses" in said


def test_a_package_that_nobody_knows_is_not_called_sound(
    told: Told, capsys: pytest.CaptureFixture[str]
) -> None:
    told([package("a", vulns=[]), {"name": "ours", "skip_reason": "not found"}])
    assert audit.main() == 0
    said = capsys.readouterr().out
    assert "1 packages asked for, 0 with known weaknesses" in said
    assert "not known to the service: ours" in said


@pytest.mark.parametrize(
    "answer", [[{"name": "urllib3", "skip_reason": "no answer"}], "no JSON", [], "{}"]
)
def test_a_service_that_does_not_answer_fails_nothing_and_is_told(
    told: Told, capsys: pytest.CaptureFixture[str], answer: object
) -> None:
    told(answer)
    assert audit.main() == 0
    said = capsys.readouterr().out
    assert "nobody could be asked" in said
    assert "with known weaknesses" not in said
