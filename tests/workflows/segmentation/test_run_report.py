from __future__ import annotations

from typing import Any

import pytest

from shoulderseg.workflows.segmentation.run_description import calibration_doubt

RUN: dict[str, Any] = {"mirroring": True, "vote": "majority", "voters": "unets", "folds": ["0"]}


@pytest.mark.parametrize(
    "used", [{}, {"mirroring": True, "vote": "majority", "voters": "unets", "folds": "all"}]
)
def test_a_run_like_that_of_the_calibration_raises_no_doubt(used: dict[str, Any]) -> None:
    assert calibration_doubt(RUN | {"quality_calibrated_with": used}) == ""


def test_what_differs_is_told() -> None:
    used = {"mirroring": False, "vote": "majority", "voters": "all"}
    doubt = calibration_doubt(RUN | {"quality_calibrated_with": used})
    assert "mirroring False (now True), voters all (now unets)" in doubt


def test_fewer_folds_than_the_calibration_saw_are_told() -> None:
    used = {"quality_calibrated_with": {"folds": "all"}}
    assert calibration_doubt(RUN | used | {"every_fold": True}) == ""
    assert "all folds (now 0)" in calibration_doubt(RUN | used | {"every_fold": False})
