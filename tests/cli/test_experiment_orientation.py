"""What an experiment says of an image that lies otherwise than those it learned from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.reader import read_image
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.experiment.rows import case_rows, load_models

if TYPE_CHECKING:
    from tests.conftest import TrainedDataset


def test_an_image_that_lies_otherwise_gets_the_same_masks(
    bundle: Path, trained: TrainedDataset
) -> None:
    read = replace(read_bundle(bundle), upright=True)
    # As after `calibrate`, which is to change no figure.
    read = replace(read, unets=replace(read.unets, ranges={"humerus": {}}))
    models = load_models(read, "cpu")
    assert not models.bundle.unets.ranges
    image = read_image(min((trained.root / "unseen").iterdir()))
    axes = np.reshape(image.direction, (3, 3)).copy()
    # From the last row to the first: the same places in the patient.
    far = np.array(image.origin_mm) + axes[:, 1] * image.spacing_mm[1] * (image.array.shape[1] - 1)
    axes[:, 1] *= -1
    other = replace(
        image,
        array=np.ascontiguousarray(image.array[:, ::-1]),
        origin_mm=tuple(far.tolist()),
        direction=tuple(axes.ravel().tolist()),
    )

    (rows, axis), (turned, along) = case_rows(image, models), case_rows(other, models)
    assert axis == along == 0
    # The same with columns in the place of slices.
    on_edge = replace(
        image,
        array=np.ascontiguousarray(image.array.transpose(2, 1, 0)),
        spacing_mm=image.spacing_mm[::-1],
        direction=tuple(np.reshape(image.direction, (3, 3))[:, ::-1].ravel().tolist()),
    )
    stood, across = case_rows(on_edge, models)
    assert across == 2
    assert {name: masks.label_map.shape for name, masks in stood.items()} == dict.fromkeys(
        rows, on_edge.array.shape
    )

    assert rows["vote3"].label_map.any()
    for row, masks in rows.items():
        np.testing.assert_array_equal(masks.label_map, turned[row].label_map[:, ::-1], err_msg=row)
        np.testing.assert_array_equal(masks.whole, turned[row].whole[:, ::-1], err_msg=row)
