"""`quality.json` of a bundle: the calibration of predicted Dice as plain numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shoulderseg.evaluation.quality.calibration import BoneCalibration, Calibration, FlagBelow

QUALITY_FILE = "quality.json"
_FORMAT = 1
# No weight or volume comes near; it keeps sums of numbers from outside finite.
_MOST = 1e6
_MOST_LETTERS = 64


def write_quality(
    path: Path,
    calibration: Calibration,
    bones: Sequence[str],
    settings: Mapping[str, Any],
    evidence: Mapping[str, Any],
) -> None:
    """Writes a calibration.

    Args:
        path: the file.
        calibration: what to write.
        bones: names of the two bones.
        settings: what `predict` was set to; its report repeats them.
        evidence: what the cross-validation showed; it is kept for the reader only.

    Raises:
        ValueError: if a number is not finite.
    """
    content = {
        "format": _FORMAT,
        "flag_below": calibration.flag_below,
        "bones": [
            {"bone": name, **asdict(bone)}
            for name, bone in zip(bones, calibration.bones, strict=True)
        ],
        "ranges": calibration.ranges,
        "settings": settings,
        "evidence": evidence,
    }
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def read_quality(path: Path) -> Calibration:
    """Reads what `write_quality` wrote; the file may come from anywhere.

    Raises:
        ValueError: if an entry is missing or is no number in its bounds; names the file.
    """
    from shoulderseg.evaluation.quality.calibration import CASE_FEATURES, Calibration

    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != _FORMAT:
            msg = f"found format {content['format']!r}, this version reads {_FORMAT}"
            raise ValueError(msg)
        first, second = (_bone(entry) for entry in content["bones"])
        return Calibration(
            bones=(first, second),
            ranges=_ranges(content["ranges"], CASE_FEATURES),
            flag_below=_limits(content["flag_below"]),
        )
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        msg = (
            f"{path.name} of {path.parent.name} is damaged: {error!r}; copy the bundle again or "
            "run `shoulderseg calibrate`"
        )
        raise ValueError(msg) from error


def _limits(stated: object) -> FlagBelow:
    """One number for both bones, or a list of one each."""
    if not isinstance(stated, list):
        return _number(stated, 0.0, 1.0)
    first, second = (_number(number, 0.0, 1.0) for number in stated)
    return first, second


def read_settings(path: Path) -> dict[str, Any]:
    """What `predict` was set to when a file that `read_quality` accepts was made.

    Returns:
        Nothing for files of earlier versions. What is no short text, switch or number is left out.
    """
    settings = json.loads(path.read_text(encoding="utf-8")).get("settings")
    # They come into every report, and into warnings; the file may come from anywhere.
    return {
        name: value
        for name, value in (settings.items() if isinstance(settings, dict) else ())
        if name.isprintable() and len(name) <= _MOST_LETTERS and _is_plain(value)
    }


def _is_plain(value: object) -> bool:
    """Whether something is a short text in a line, a switch or a number."""
    if isinstance(value, str):
        return value.isprintable() and len(value) <= _MOST_LETTERS
    return value is None or type(value) in (bool, int, float)


def _bone(entry: Any) -> BoneCalibration:  # noqa: ANN401  (whatever a JSON file may hold)
    from shoulderseg.evaluation.quality.calibration import BONE_FEATURES, SHARES, BoneCalibration

    weights = entry["weights"]
    _check_names(weights, SHARES)
    return BoneCalibration(
        bias=_number(entry["bias"], -_MOST, _MOST),
        weights={name: _number(weights[name], 0.0, _MOST) for name in SHARES},
        ranges=_ranges(entry["ranges"], BONE_FEATURES),
    )


def _ranges(entry: Any, names: Sequence[str]) -> dict[str, tuple[float, float]]:  # noqa: ANN401
    _check_names(entry, names)
    ranges = {}
    for name in names:
        low, high = (_number(value, 0.0, _MOST) for value in entry[name])
        if low > high:
            msg = f"the range of {name} goes from {low} to {high}"
            raise ValueError(msg)
        ranges[name] = (low, high)
    return ranges


def _check_names(entry: Any, names: Sequence[str]) -> None:  # noqa: ANN401
    if set(entry) != set(names):
        msg = f"found the features {sorted(entry)}, expected {sorted(names)}"
        raise ValueError(msg)


def _number(value: Any, least: float, most: float) -> float:  # noqa: ANN401
    # NaN fails every comparison.
    if type(value) not in (int, float) or not least <= value <= most:
        msg = f"found {value!r}, expected a number from {least:g} to {most:g}"
        raise ValueError(msg)
    return float(value)
