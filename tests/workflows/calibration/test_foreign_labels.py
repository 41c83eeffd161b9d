"""References whose values are not the bundle's teach a calibration nothing."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image, write_label_map
from shoulderseg.workflows.calibration.calibrate import calibrate_bundle
from shoulderseg.workflows.calibration.int8 import Int8Report
from shoulderseg.workflows.calibration.model import Model
from shoulderseg.workflows.calibration.order import CalibrationOrder

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("values", [(3, 5), (1, 5)])
def test_other_values_are_told_instead_of_scored_as_missed(
    tmp_path: Path, values: tuple[int, int]
) -> None:
    array = np.zeros((3, 8, 8), np.uint8)
    array[:, 1:4, 1:4], array[:, 5:7, 5:7] = values
    for folder in ("images", "labels"):
        (tmp_path / folder).mkdir()
    for case in "abcde":
        image = Volume(array.astype(np.float32), (2.0, 1.0, 1.0), (0.0, 0.0, 0.0), IDENTITY)
        write_image(tmp_path / "images" / f"{case}.nii.gz", image)
        write_label_map(tmp_path / "labels" / f"{case}.nii.gz", array, image)

    def segment(_image: Volume) -> NoReturn:
        pytest.fail("segmented before its reference was looked at")

    labels = {"humerus": 1, "glenoid": 2}
    model = Model(
        tmp_path, segment, labels, True, True, False, False, "float32", Int8Report(None, None, {})
    )
    order = CalibrationOrder(tmp_path / "images", tmp_path / "labels")

    with pytest.raises(
        ValueError, match=r"a\.nii\.gz holds label.* 5, expected the bundle's 1=hum"
    ):
        calibrate_bundle(model, order, lambda *_: None, lambda _: None)
