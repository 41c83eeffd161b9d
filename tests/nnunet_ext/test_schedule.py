from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.schedule import (
    SCHEDULE_FILE,
    Schedule,
    keep_schedule,
    kept_lengths,
    read_schedule,
)


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOULDERSEG_EPOCHS", raising=False)
    monkeypatch.delenv("SHOULDERSEG_LEARNING_RATE", raising=False)
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


def test_a_begun_training_keeps_its_length(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert kept_lengths(tmp_path) is None
    assert read_schedule(tmp_path) == read_schedule()
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", "40")
    keep_schedule(tmp_path, read_schedule())
    assert kept_lengths(tmp_path) == (40, 250)
    assert read_schedule(tmp_path).epochs == 40
    monkeypatch.delenv("SHOULDERSEG_EPOCHS")
    assert read_schedule(tmp_path) == Schedule(40, 250, 50, 2)


def test_a_begun_training_cannot_change_its_length(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keep_schedule(tmp_path, Schedule(40, 250, 50, 2))
    monkeypatch.setenv("SHOULDERSEG_ITERATIONS", "9")
    with pytest.raises(ValueError, match=r"began with 40 epochs of 250 .* 40 of 9"):
        read_schedule(tmp_path)


def test_the_learning_rate_is_kept_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert read_schedule().learning_rate == 0.01
    monkeypatch.setenv("SHOULDERSEG_LEARNING_RATE", "1e-3")
    keep_schedule(tmp_path, read_schedule())
    monkeypatch.delenv("SHOULDERSEG_LEARNING_RATE")
    assert read_schedule(tmp_path).learning_rate == 0.001
    monkeypatch.setenv("SHOULDERSEG_LEARNING_RATE", "0.01")
    with pytest.raises(ValueError, match=r"learning rate of 0.001 and cannot go on with 0.01"):
        read_schedule(tmp_path)


def test_a_training_from_before_has_the_usual_learning_rate(tmp_path: Path) -> None:
    (tmp_path / SCHEDULE_FILE).write_text('{"epochs": 40, "iterations": 250}')
    assert read_schedule(tmp_path).learning_rate == 0.01


def test_the_augmentation_is_kept_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert read_schedule().augmentation == "usual"
    monkeypatch.setenv("SHOULDERSEG_AUGMENTATION", "strong")
    keep_schedule(tmp_path, read_schedule())
    monkeypatch.delenv("SHOULDERSEG_AUGMENTATION")
    assert read_schedule(tmp_path).augmentation == "strong"
    monkeypatch.setenv("SHOULDERSEG_AUGMENTATION", "usual")
    with pytest.raises(ValueError, match="began with strong augmentation and cannot go on with us"):
        read_schedule(tmp_path)
    # A training from before this could be chosen.
    (tmp_path / SCHEDULE_FILE).write_text('{"epochs": 40, "iterations": 250}')
    assert read_schedule(tmp_path).augmentation == "usual"
    monkeypatch.setenv("SHOULDERSEG_AUGMENTATION", "wild")
    with pytest.raises(ValueError, match="is 'wild'; expected one of usual, strong"):
        read_schedule()


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf"])
def test_odd_learning_rates_are_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SHOULDERSEG_LEARNING_RATE", text)
    with pytest.raises(ValueError, match=f"SHOULDERSEG_LEARNING_RATE is '{text}'"):
        read_schedule()
