"""The classifier as a voter, with a classifier whose answers are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from shoulderseg.refine import ensemble
from shoulderseg.refine.ensemble import ClassifyConfig
from shoulderseg.refine.fourth_voter import MARGIN_MM, classifier_votes
from shoulderseg.refine.inputs import PatchInputs
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet
from shoulderseg.refine.voting import fuse

SPACING_MM = (3.0, 1.0, 2.0)
CONFIG = ClassifyConfig()


class Reader(PatchAlexNet):
    """Stands for a classifier that reads the class off the patch's centre."""

    def __init__(self) -> None:
        super().__init__(AlexNetConfig(widths=(1, 1, 1, 1, 1), dense=(1, 1)))


def ask(
    model: PatchAlexNet, inputs: PatchInputs, centres: NDArray[np.int64], **_: object
) -> NDArray[np.float32]:
    assert isinstance(model, Reader)
    value = inputs.image.numpy()[tuple(centres.T)].round().clip(0, 2).astype(np.int64)
    scores: NDArray[np.float32] = np.exp(9.0 * np.eye(3, dtype=np.float32)[value])
    scores /= scores.sum(axis=1, keepdims=True)
    return scores


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ensemble, "classify_voxels", ask)


def test_it_speaks_within_five_millimetres_of_what_a_unet_sees() -> None:
    image = np.ones((2, 21, 21), np.float32)
    votes = np.zeros((3, *image.shape), np.float32)
    votes[2, 0, 10, 10] = 0.9
    said = classifier_votes([Reader()], image, votes, SPACING_MM, CONFIG, "cpu")
    y, x = np.mgrid[:21, :21]
    near = np.hypot((y - 10) * 1.0, (x - 10) * 2.0) <= MARGIN_MM
    np.testing.assert_array_equal(said[0, 0] > 0.9, near)
    assert not said[:, 1].any()
    assert said[1].max() < 0.01


def test_with_it_a_bone_that_one_unet_misses_is_found() -> None:
    truth = np.zeros((1, 20, 30), np.float32)
    truth[0, 5:12, 5:14] = 1
    truth[0, 8:16, 18:25] = 2
    votes = np.stack([truth == 1, np.zeros_like(truth), truth > 0]).astype(np.float32)
    # The second U-Net sees half of its bone.
    votes[1, 0, 8:12, 18:25] = 1
    said = classifier_votes([Reader()], truth, votes, (1.0, 1.0, 1.0), CONFIG, "cpu")
    three = fuse([[votes[0]], [votes[1]]], whole=[votes[2]])
    four = fuse([[votes[0], said[0]], [votes[1], said[1]]], whole=[votes[2]])
    assert (three.label_map == 2).sum() < (truth == 2).sum()
    np.testing.assert_array_equal(four.label_map, truth.astype(np.uint8))


def test_no_bone_no_question() -> None:
    image = np.ones((1, 8, 9), np.float32)
    said = classifier_votes(
        [Reader()], image, np.zeros((3, 1, 8, 9), np.float32), SPACING_MM, CONFIG, "cpu"
    )
    assert said.shape == (2, 1, 8, 9)
    assert not said.any()
