from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoulderseg.evaluation.quality.calibration import (
    BONE_FEATURES,
    SHARES,
    BoneCalibration,
    Calibration,
)
from shoulderseg.workflows.bundles.quality_file import read_quality, read_settings, write_quality

BONE = BoneCalibration(
    bias=-1.25,
    weights={name: 0.1 * number for number, name in enumerate(SHARES)},
    ranges={
        name: (0.1 * number, 0.1 * number + 1 / 3) for number, name in enumerate(BONE_FEATURES)
    },
)
CALIBRATION = Calibration((BONE, BONE), {"undisputed": (0.5, 0.9), "gap_mm": (1.0, 4.5)}, 0.85)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "quality.json"
    settings = {"mirroring": False}
    write_quality(written, CALIBRATION, ["humerus", "glenoid"], settings, {"images": 20})
    return written


def test_what_is_written_comes_back_exactly(path: Path) -> None:
    assert read_quality(path) == CALIBRATION
    assert json.loads(path.read_text(encoding="utf-8"))["bones"][1]["bone"] == "glenoid"
    assert read_settings(path) == {"mirroring": False}


@pytest.mark.parametrize("said", [None, [], "no"])
def test_files_without_settings_say_none(path: Path, said: object) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"settings": said}), encoding="utf-8")
    assert read_quality(path) == CALIBRATION
    assert read_settings(path) == {}


def put(*keys: Any, value: Any) -> Callable[[Any], None]:  # noqa: ANN401
    def change(content: Any) -> None:  # noqa: ANN401
        for key in keys[:-1]:
            content = content[key]
        content[keys[-1]] = value

    return change


def drop(*keys: Any) -> Callable[[Any], None]:  # noqa: ANN401
    def change(content: Any) -> None:  # noqa: ANN401
        for key in keys[:-1]:
            content = content[key]
        del content[keys[-1]]

    return change


def test_a_limit_a_bone_is_kept(path: Path) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    content["flag_below"] = [0.9, 0.75]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert read_quality(path).flag_below == (0.9, 0.75)


@pytest.mark.parametrize(
    "damage",
    [
        put("bones", 0, "bias", value=float("nan")),
        put("bones", 0, "bias", value=float("inf")),
        put("bones", 0, "bias", value="1"),
        put("bones", 0, "bias", value=True),
        put("bones", 0, "weights", "agreement", value=-0.1),
        put("bones", 0, "weights", "more", value=0.1),
        put("bones", 0, "weights", value=[]),
        put("bones", 1, "ranges", "area_cm2", value=[2.0, 1.0]),
        put("bones", 1, "ranges", "area_cm2", value=[1.0]),
        put("bones", 1, "ranges", "area_cm2", value=[1.0, 10**400]),
        put("bones", value=[]),
        put("bones", value=5),
        put("ranges", "gap_mm", value=[-3.0, 1.0]),
        put("flag_below", value=1.5),
        put("flag_below", value=[0.9]),
        put("flag_below", value=[0.9, "0.8"]),
        put("flag_below", value={"humerus": 0.9}),
        put("format", value=2),
        drop("format"),
        drop("flag_below"),
        drop("ranges", "gap_mm"),
        drop("bones", 1),
        drop("bones", 0, "bias"),
        drop("bones", 0, "weights", "agreement"),
        drop("bones", 0, "ranges", "agreement"),
    ],
)
def test_a_damaged_file_is_refused(path: Path, damage: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    damage(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(ValueError, match=r"quality\.json of .* is damaged"):
        read_quality(path)


@pytest.mark.parametrize("text", [b"", b"[]", b"5", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(path: Path, text: bytes) -> None:
    path.write_bytes(text)
    with pytest.raises(ValueError, match=r"quality\.json of .* is damaged"):
        read_quality(path)


def test_nothing_that_is_not_finite_is_written(path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_quality(path, CALIBRATION, ["a", "b"], {}, {"error": float("nan")})
