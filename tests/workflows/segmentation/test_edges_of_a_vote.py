"""Edges of a vote that classifiers decide again: who is heard, and that a bone stays one piece."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.ndimage import label

from shoulderseg.datasets.volume import Volume
from shoulderseg.refine import ensemble
from shoulderseg.refine.edges import EdgeRule
from shoulderseg.refine.inputs import PatchInputs
from shoulderseg.refine.network import AlexNetConfig, PatchAlexNet
from shoulderseg.refine.voting import Fusion
from shoulderseg.workflows.bundles.bundle import Bundle, Refiner, read_bundle
from shoulderseg.workflows.segmentation.edges import refiner_case
from shoulderseg.workflows.segmentation.finish import Scan, finish
from shoulderseg.workflows.segmentation.revote import revote
from shoulderseg.workflows.segmentation.settings import Settings
from tests.refine.oracle import Oracle, ask
from tests.workflows.examination.made_results import take

SETTINGS = Settings("cpu", None, mirroring=False, vote="majority", refine=True)
PIXEL_MM = 1.0


def refining(folder: Path, classifier: PatchAlexNet, rule: EdgeRule, *one_piece: str) -> Bundle:
    refiner = Refiner({"0": classifier}, PIXEL_MM, rule, helps=True)
    return replace(read_bundle(folder), refiner=refiner, one_piece=one_piece)


class TestTheFusedBone:
    """The bone that the series of an examination share is heard where its edge is decided."""

    @pytest.fixture
    def asked(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """A classifier that cannot tell; gets how many voters it sees."""
        voters: list[int] = []

        def unsure(
            model: PatchAlexNet, inputs: PatchInputs, centres: npt.NDArray[np.int64], **_: object
        ) -> npt.NDArray[np.float32]:
            voters.append(len(inputs.votes))
            return np.full((len(centres), model.config.classes), 1 / 3, np.float32)

        monkeypatch.setattr(ensemble, "classify_voxels", unsure)
        return voters

    def humerus(
        self, asked: Sequence[int], folder: Path, further: Sequence[float]
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """What is humerus after a vote in whose shell the voters do not agree, and that shell."""
        taken = take("axial", "axial", missed=("glenoid",))
        volume, found = taken.result.segmented()
        bone = found.network_output["humerus"]
        sure = (bone > 0.5).astype(np.float32)
        shell = np.zeros(bone.shape, np.bool_)
        shell[:, 1:] = (sure[:, :-1] > 0) & (sure[:, 1:] == 0)
        own, whole, *others = (
            np.where(shell, np.float32(said), sure) for said in (0.3, 0.6, *further)
        )
        nothing = np.zeros_like(own)
        network = AlexNetConfig(widths=(1, 1, 1, 1, 1), dense=(1, 1), votes=3)
        bundle = refining(folder, PatchAlexNet(network), EdgeRule(band_mm=4.0, trust=0.5))

        voted = revote(found, volume, [[own, whole, *others], [nothing, whole]], bundle, SETTINGS)

        # As in its training.
        assert set(asked) == {3}
        return voted.label_map == 1, shell

    def test_it_counts_beside_a_classifier_that_is_unsure(
        self, asked: list[int], untrained: Path
    ) -> None:
        humerus, shell = self.humerus(asked, untrained, [0.99])
        assert humerus[shell].all()

    def test_without_it_the_u_nets_decide(self, asked: list[int], untrained: Path) -> None:
        humerus, shell = self.humerus(asked, untrained, [])
        assert not humerus[shell].any()


def test_a_bone_of_one_piece_is_one_after_its_edges_were_decided(
    untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A classifier that is right cuts a neck of two pixels, and both ends lie within the vote."""
    monkeypatch.setattr(ensemble, "classify_voxels", ask)
    voted = np.zeros((3, 30, 40), np.uint8)
    voted[:, 8:20, 5:15] = voted[:, 8:16, 25:33] = 1
    voted[:, 12:14, 15:25] = 1
    truth = voted.copy()
    truth[:, 12:14, 17:23] = 0
    volume = Volume(
        truth.astype(np.float32), (4.0, PIXEL_MM, PIXEL_MM), (0, 0, 0), tuple(np.eye(3).ravel())
    )
    votes = {"humerus": voted == 1, "glenoid": voted == 2, "whole": voted > 0}
    case = refiner_case(volume, {k: v.astype(np.float32) for k, v in votes.items()}, 0)
    # The oracle reads the image as it is.
    case = case._replace(image=volume.array)
    fusion = Fusion(voted, np.zeros((2, *voted.shape), np.float32), np.zeros(voted.shape, bool))
    every = Scan(np.ones(voted.shape, np.bool_), volume.spacing_mm)
    rule = EdgeRule(band_mm=1.5, trust=1.0)

    loose, single = (
        finish(refining(untrained, Oracle(), rule, *bones), SETTINGS, fusion, case, every)
        for bones in ((), ("humerus",))
    )

    assert label(loose.label_map == 1, np.ones((3, 3, 3)))[1] == 2
    kept = truth.copy()
    kept[:, :, 20:] = 0
    np.testing.assert_array_equal(single.label_map, kept)
    np.testing.assert_array_equal(single.voted, voted)
    assert single.measures["changed_voxels"] == np.count_nonzero(kept != voted)
