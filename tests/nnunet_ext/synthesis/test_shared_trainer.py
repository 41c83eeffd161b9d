"""One network for both bones and the whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from shoulderseg.nnunet_ext.bundle import write_unets
from shoulderseg.nnunet_ext.checkpoints import load_unets
from shoulderseg.nnunet_ext.unets import build_unet, complete_weights
from tests.nnunet_ext.synthesis.tiny_dataset import NAME, PLANS_NAME
from tests.nnunet_ext.synthesis.tiny_trainer import trainer


@pytest.mark.filterwarnings("ignore")
def test_one_network_learns_what_three_do_and_becomes_three(
    dataset: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOULDERSEG_SYNTHESIS_AVERAGING", "0")
    training = trainer(dataset, "shared")
    training.run_training()
    batches = [next(training.dataloader_train)["target"][0] for _ in range(6)]
    whole, humerus, glenoid = torch.cat(batches).unbind(dim=1)
    assert not ((humerus | glenoid) & ~whole).any()
    # The boxes: the humerus is the larger one.
    assert humerus.sum() > 1.3 * glenoid.sum() > 0
    assert training.own_labels == (1, 2)
    unets = load_unets(tmp_path / "nnUNet_results" / NAME, PLANS_NAME, shared=True)
    assert unets.dataset_json["labels"] == dataset["dataset_json"]["labels"]
    image = torch.randn(1, 1, 64, 64, generator=torch.Generator().manual_seed(1))
    training.network.eval()
    training.network.decoder.deep_supervision = False
    with torch.no_grad():
        together = training.network(image)[0]
        for output, variant in enumerate(("whole", "humerus", "glenoid")):
            network = build_unet(unets.plans)
            stored = {name: torch.as_tensor(v) for name, v in unets.weights[variant]["0"].items()}
            network.load_state_dict(complete_weights(network, stored))
            assert torch.allclose(network(image)[0, 0], together[output], atol=1e-5)
    # And on from a bundle: where the three are alike but for their outputs, with these.
    (tmp_path / "bundle").mkdir()
    write_unets(unets, tmp_path / "bundle", "float32")
    monkeypatch.setenv("SHOULDERSEG_START_FROM", str(tmp_path / "bundle"))
    assert torch.allclose(begun(dataset, image), together, atol=1e-5)
    # Else an output says nothing to another network: all begin as that of both bones.
    path = tmp_path / "bundle" / "glenoid_fold_0.safetensors"
    changed = {name: 1.01 * values for name, values in load_file(path).items()}
    save_file(changed, path)
    assert torch.allclose(begun(dataset, image), together[:1].expand(3, -1, -1), atol=1e-5)
    # Told to go on where there is no checkpoint, nnU-Net begins anew: from the bundle all the same.
    shutil.rmtree(training.output_folder)
    again = begun(dataset, image, resumed=True)
    assert torch.allclose(again, together[:1].expand(3, -1, -1), atol=1e-5)


def begun(dataset: dict[str, Any], image: torch.Tensor, *, resumed: bool = False) -> torch.Tensor:
    """What a new training of the shared network answers before its first step."""
    training = trainer(dataset, "shared", resumed=resumed)
    training.initialize()
    training.network.eval()
    training.network.decoder.deep_supervision = False
    with torch.no_grad():
        answers: torch.Tensor = training.network(image)[0]
    return answers
