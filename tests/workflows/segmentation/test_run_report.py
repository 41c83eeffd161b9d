from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from shoulderseg.workflows.bundles.bundle import Bundle, read_bundle
from shoulderseg.workflows.segmentation.options import Options, settings_of
from shoulderseg.workflows.segmentation.run_description import calibration_doubt, describe_run

if TYPE_CHECKING:
    from shoulderseg.workflows.bundles.bundle import Refiner

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


@pytest.fixture(scope="module")
def calibrated(untrained: Path) -> Bundle:
    """Says that it was calibrated as `calibrate` does, on a CPU with int8."""
    used = {"vote": "majority", "voters": "unets", "folds": "all", "refine": "default"}
    used |= {"precision": "int8"}
    return replace(read_bundle(untrained), quality_settings=used)


def doubt(bundle: Bundle, **options: Any) -> str:  # noqa: ANN401
    settings = settings_of(Options(device="cpu", mirroring=False, **options))
    return calibration_doubt(describe_run(bundle, settings))


def test_ordinary_runs_raise_no_doubt(calibrated: Bundle) -> None:
    assert doubt(calibrated) == ""
    assert doubt(calibrated, refine=False) == ""
    # Slices of such a bundle are as they are stored in any case.
    assert doubt(replace(calibrated, upright=False), as_stored=True) == ""


def test_edges_orientation_and_a_chosen_precision_count(calibrated: Bundle) -> None:
    upright = replace(calibrated, upright=True)
    assert "as_stored False (now True)" in doubt(upright, as_stored=True)
    assert "precision int8 (now float32)" in doubt(calibrated, precision="float32")
    helped = replace(calibrated, refiner=cast("Refiner", SimpleNamespace(helps=True)))
    assert doubt(helped) == doubt(helped, refine=True) == ""
    assert "refine default (now off)" in doubt(helped, refine=False)
    hindered = replace(calibrated, refiner=cast("Refiner", SimpleNamespace(helps=False)))
    assert "refine default (now on)" in doubt(hindered, refine=True)
    # Without a calibration there is none to differ from.
    assert doubt(replace(upright, quality_settings={}), as_stored=True) == ""
