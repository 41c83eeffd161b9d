from __future__ import annotations

from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.synthesis.settings import (
    PREFIX,
    SETTINGS_FILE,
    SynthesisSettings,
    keep_settings,
    read_settings,
)
from shoulderseg.nnunet_ext.synthesis.variation import PLAIN_VIEW


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SynthesisSettings.__dataclass_fields__:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_variables_set_what_varies(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings() == SynthesisSettings()
    monkeypatch.setenv(f"{PREFIX}RANDOM_CONTRAST", "0.25")
    monkeypatch.setenv(f"{PREFIX}FIELD_OF_VIEW", "0")
    monkeypatch.setenv(f"{PREFIX}PATCH", "192")
    settings = read_settings()
    assert settings == SynthesisSettings(random_contrast=0.25, field_of_view=0, patch=192)
    variation = settings.variation()
    assert variation.contrast.random_share == 0.25
    assert variation.view == PLAIN_VIEW


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RENDERED_SHARE", "1.5"),
        ("RENDERED_SHARE", "some"),
        ("RANDOM_CONTRAST", "-0.1"),
        ("RANDOM_CONTRAST", "nan"),
        ("FIELD_OF_VIEW", "0.5"),
        ("PATCH", "12.5"),
        ("PATCH", "inf"),
        ("LEAST_PATCH", "-32"),
        ("LEAST_PATCH", "160.5"),
        ("AVERAGING", "1"),
    ],
)
def test_values_out_of_range_are_named(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(PREFIX + name, text)
    with pytest.raises(ValueError, match=f"{PREFIX}{name} is '{text}'; expected"):
        read_settings()


def test_a_training_goes_on_as_it_began(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    began = SynthesisSettings(rendered_share=0.5, seed=3)
    keep_settings(tmp_path, began)
    assert read_settings(tmp_path) == began
    monkeypatch.setenv(f"{PREFIX}RENDERED_SHARE", "0.5")
    assert read_settings(tmp_path) == began
    monkeypatch.setenv(f"{PREFIX}SEED", "4")
    with pytest.raises(ValueError, match="began with SHOULDERSEG_SYNTHESIS_SEED=3 and cannot go"):
        read_settings(tmp_path)


def test_a_training_from_before_a_setting_goes_on_with_its_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / SETTINGS_FILE).write_text('{"rendered_share": 0.5, "patch": 224}\n')
    began = SynthesisSettings(rendered_share=0.5, patch=224)
    assert read_settings(tmp_path) == began
    monkeypatch.setenv(f"{PREFIX}LEAST_PATCH", "160")
    with pytest.raises(ValueError, match="began with SHOULDERSEG_SYNTHESIS_LEAST_PATCH=0 and"):
        read_settings(tmp_path)
