"""Which bundle is the same as one just made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoulderseg.workflows.bundles import replace

REFINER = {"rule": {"band_mm": 1.0}, "helps": True, "training": {"half": True, "seed": 1}}
MADE: dict[str, Any] = {
    "files": {"humerus_fold_0.safetensors": "ab", "refiner_fold_0.safetensors": "cd"},
    "made_with": {"torch": "2.15"},
    "refiner": REFINER,
}


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"files": MADE["files"] | {"quality.json": "ef"}}, True),
        # Exported anew on a machine that multiplies otherwise: the weights are those of before.
        ({"refiner": REFINER | {"training": {"half": False, "seed": 1}}}, True),
        ({"refiner": REFINER | {"cross_validation": {"gain": 0.1}}}, True),
        ({"refiner": REFINER | {"rule": {"band_mm": 2.0}}}, False),
        ({"refiner": REFINER | {"helps": False}}, False),
        ({"files": MADE["files"] | {"refiner_fold_0.safetensors": "gh"}}, False),
    ],
)
def test_a_calibration_outlives_what_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], *, same: bool
) -> None:
    manifests = {Path("kept"): MADE | changed, Path("made"): MADE}
    monkeypatch.setattr(replace, "verified_manifest", manifests.__getitem__)
    assert replace.is_current(Path("kept"), Path("made")) is same
