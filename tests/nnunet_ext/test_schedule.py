from __future__ import annotations

import pytest

from shoulderseg.nnunet_ext.schedule import Schedule, read_schedule


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOULDERSEG_EPOCHS", raising=False)
    monkeypatch.delenv("SHOULDERSEG_ITERATIONS", raising=False)


def test_nnunets_own_numbers_by_default() -> None:
    assert read_schedule() == Schedule(1000, 250, 50, 50)


@pytest.mark.parametrize(
    ("epochs", "iterations", "expected"),
    [
        ("1", "4", Schedule(1, 4, 1, 1)),
        ("40", "100", Schedule(40, 100, 20, 2)),
        ("200", "250", Schedule(200, 250, 50, 10)),
    ],
)
def test_set_numbers(
    monkeypatch: pytest.MonkeyPatch, epochs: str, iterations: str, expected: Schedule
) -> None:
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", epochs)
    monkeypatch.setenv("SHOULDERSEG_ITERATIONS", iterations)
    assert read_schedule() == expected


@pytest.mark.parametrize("text", ["0", "-3", "2.5", "many"])
def test_other_texts_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", text)
    with pytest.raises(ValueError, match=f"SHOULDERSEG_EPOCHS is '{text}'"):
        read_schedule()
