from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper
from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

from shoulderseg.nnunet_ext import bfloat16_steps
from shoulderseg.nnunet_ext.bfloat16_steps import Float32Loss
from shoulderseg.nnunet_ext.bundle import write_unets
from shoulderseg.nnunet_ext.checkpoints import load_checkpoint, load_unets
from shoulderseg.nnunet_ext.schedule import kept_lengths
from shoulderseg.nnunet_ext.synthesis.volumes import PartialVolumeError
from shoulderseg.nnunet_ext.synthetic_trainers import SyntheticTraining
from shoulderseg.nnunet_ext.trainings import list_trainings
from shoulderseg.nnunet_ext.variants import SYNTHETIC_TRAINERS
from tests.nnunet_ext.synthesis.tiny_dataset import NAME, PLANS_NAME
from tests.nnunet_ext.synthesis.tiny_trainer import trainer


def weights(training: SyntheticTraining) -> torch.Tensor:
    return torch.cat([weight.detach().reshape(-1) for weight in training.network.parameters()])


@pytest.mark.filterwarnings("ignore")
def test_trainings_run_are_stopped_go_on_and_are_exported(
    dataset: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "nnUNet_results" / NAME
    for variant in ("humerus", "glenoid", "whole"):
        training = trainer(dataset, variant)
        training.run_training()
        assert (Path(training.output_folder) / "checkpoint_final.pth").is_file()
        assert np.isfinite(training.logger.get_value("train_losses", step=None)).all()
    unets = load_unets(results, PLANS_NAME, synthetic=True)
    (tmp_path / "bundle").mkdir()
    write_unets(unets, tmp_path / "bundle")
    assert (tmp_path / "bundle" / "glenoid_fold_0.safetensors").stat().st_size > 1000
    # The averaged weights are exported, not those of the last step.
    exported = {
        name: torch.as_tensor(values) for name, values in unets.weights["whole"]["0"].items()
    }
    last = dict(training.network.state_dict())
    name = next(iter(exported))
    assert not torch.equal(exported[name], last[name])
    assert training.average is not None
    with training.average.applied():
        assert torch.equal(exported[name], training.network.state_dict()[name])
    states = [
        listed.state
        for listed in list_trainings(
            results,
            NAME,
            variants=["whole"],
            folds=["0"],
            plans_name=PLANS_NAME,
            device="cpu",
            synthetic=True,
        )
    ]
    assert states == ["half-finished"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("adam", ["0", "1"])
def test_a_stopped_training_goes_on_where_it_was(
    dataset: dict[str, Any], adam: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOULDERSEG_SYNTHESIS_ADAM", adam)
    training = trainer(dataset, "glenoid")
    begin = training.on_epoch_start

    def stop() -> None:
        if training.current_epoch == 1:
            raise KeyboardInterrupt
        begin()

    training.on_epoch_start = stop
    with pytest.raises(KeyboardInterrupt):
        training.run_training()
    kept = kept_lengths(Path(training.output_folder))
    with monkeypatch.context() as patch:
        # As for a validation, or a new training that is cancelled before its first checkpoint.
        patch.setenv("SHOULDERSEG_EPOCHS", "70")
        patch.setattr(nnUNetTrainer, "on_train_start", lambda self: None)
        cancelled = trainer(dataset, "glenoid")
        cancelled.on_train_start()
        cancelled.disable_checkpointing = True
        cancelled.average = None
        cancelled.save_checkpoint(str(Path(training.output_folder) / "checkpoint_best.pth"))
    assert kept_lengths(Path(training.output_folder)) == kept is not None
    resumed = trainer(dataset, "glenoid", resumed=True)
    resumed.load_checkpoint(str(Path(training.output_folder) / "checkpoint_latest.pth"))
    assert torch.equal(weights(resumed), weights(training))
    assert resumed.average is not None
    assert resumed.average.steps == 2
    assert isinstance(resumed.optimizer, torch.optim.AdamW if adam == "1" else torch.optim.SGD)
    resumed.run_training()
    assert resumed.average.steps == 4
    assert resumed.mixed_loader is not None
    # Steps 2 and 3 of the stream, as if nothing had been interrupted.
    assert resumed.mixed_loader.step == 4
    assert resumed.current_epoch == 2
    saved = load_checkpoint(Path(resumed.output_folder) / "checkpoint_final.pth")
    assert saved["trainer_name"] == SYNTHETIC_TRAINERS["glenoid"]


@pytest.mark.filterwarnings("ignore")
def test_patches_vary_where_the_smallest_is_given(
    dataset: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOULDERSEG_SYNTHESIS_LEAST_PATCH", "24")
    training = trainer(dataset, "whole")
    training.on_train_start()
    assert training.mixed_loader is not None
    sizes = set()
    for _ in range(12):
        batch = next(training.mixed_loader)
        sizes.add(tuple(batch["data"].shape[2:]))
        assert np.isfinite(training.train_step(batch)["loss"])
    # Rows of 24 to 32 and columns of 24 to 48, by the network's strides of 4.
    assert len(sizes) > 6
    assert {rows for rows, _ in sizes} <= {24, 28, 32}
    assert {columns for _, columns in sizes} <= set(range(24, 49, 4))


@pytest.mark.filterwarnings("ignore")
def test_maps_that_cannot_be_used_are_named(
    dataset: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maps = tmp_path / "nnUNet_raw" / NAME / "partialVolumesTr"
    (maps / "short.safetensors").write_bytes(b"short")
    with pytest.raises(PartialVolumeError, match="short"):
        trainer(dataset, "humerus").on_train_start()
    for name in ("short", "made"):
        (maps / f"{name}.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="are of validation cases"):
        trainer(dataset, "humerus").on_train_start()
    monkeypatch.setenv("SHOULDERSEG_SYNTHESIS_PATCH", "33")
    with pytest.raises(ValueError, match="do not suit the network"):
        trainer(dataset, "humerus").on_train_start()
    dataset["plans"]["configurations"]["2d"]["normalization_schemes"] = ["CTNormalization"]
    with pytest.raises(ValueError, match="synthesis makes slices of one channel"):
        trainer(dataset, "humerus").on_train_start()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("has", [False, True])
def test_steps_are_taken_in_bfloat16_where_the_cpu_has_it(
    dataset: dict[str, Any], has: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bfloat16_steps, "cpu_has_bfloat16", lambda: has)
    monkeypatch.setenv("SHOULDERSEG_EPOCHS", "1")
    training = trainer(dataset, "whole")
    training.initialize()
    seen: dict[bool, set[torch.dtype]] = {True: set(), False: set()}

    def note(network: torch.nn.Module, _: object, outputs: list[torch.Tensor]) -> None:
        seen[network.training] |= {output.dtype for output in outputs}

    training.network.register_forward_hook(note)
    training.run_training()

    assert seen[True] == {torch.bfloat16 if has else torch.float32}
    # The patches that are judged after an epoch too.
    assert seen[False] == seen[True]
    assert weights(training).dtype == torch.float32
    assert np.isfinite(training.logger.get_value("train_losses", step=None)).all()


def test_a_loss_of_many_pixels_is_summed_in_float32() -> None:
    predicted = torch.full((1, 1, 300, 300), 0.1).bfloat16()
    loss = torch.nn.BCEWithLogitsLoss(reduction="sum")
    target = torch.zeros(predicted.shape)

    with torch.autocast("cpu", torch.bfloat16):
        found = [
            float(Float32Loss(loss)(predicted, target)),
            float(Float32Loss(DeepSupervisionWrapper(loss, [1.0]))([predicted], [target])),
        ]

    assert found == pytest.approx([90_000 * float(np.log1p(np.exp(float(predicted.max()))))] * 2)
