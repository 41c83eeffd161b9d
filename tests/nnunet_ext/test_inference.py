"""Needs the trained dataset of the session: real checkpoints written by nnUNetv2_train."""

from __future__ import annotations

import math
import shutil
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import SimpleITK
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
from safetensors.torch import load_file, save_file

from shoulderseg.datasets.reader import read_image
from shoulderseg.nnunet_ext.bundle import Stored, read_unets, weights_file, write_unets
from shoulderseg.nnunet_ext.checkpoints import load_unets
from shoulderseg.nnunet_ext.engines.choice import EngineChoice
from shoulderseg.nnunet_ext.engines.network import FloatArray, Network
from shoulderseg.nnunet_ext.inference import predict_probabilities, slice_axis
from shoulderseg.nnunet_ext.predictors import Predictors, build_predictors
from shoulderseg.nnunet_ext.unet_set import UNetSet, UntrustedModelError
from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder

if TYPE_CHECKING:
    from tests.conftest import TrainedDataset

PLANS = "shoulderSmallPlans"
CPU = "cpu"


def planned(unets: UNetSet) -> tuple[list[int], tuple[float, float, float]]:
    """The patch that the networks learned with, and a spacing that is not resampled."""
    configuration = unets.plans["configurations"]["2d"]
    return configuration["patch_size"], (4.0, *configuration["spacing"])


def recorded(
    predictors: Predictors, most: float = math.inf
) -> tuple[Predictors, list[tuple[int, ...]]]:
    """Networks that note the shapes of what they see; memory lasts for slices of `most` pixels."""
    seen: list[tuple[int, ...]] = []

    class Recording:
        def __init__(self, network: Network) -> None:
            self.batch = network.batch
            self._network = network

        def __call__(self, images: FloatArray) -> FloatArray:
            if math.prod(images.shape[1:]) > most:
                raise torch.OutOfMemoryError
            seen.append(images.shape)
            return self._network(images)

    networks = {
        variant: [Recording(network) for network in folds]
        for variant, folds in predictors.networks.items()
    }
    return replace(predictors, networks=networks), seen


@pytest.fixture(scope="module")
def unets(trained: TrainedDataset) -> UNetSet:
    return load_unets(trained.results, PLANS)


def predict_with_nnunet(folder: Path, image: Path, out: Path) -> tuple[Any, Any]:
    """What `nnUNetv2_predict_from_modelfolder --save_probabilities` does, without workers."""
    out.mkdir()
    predictor = nnUNetPredictor(device=torch.device(CPU), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(folder), use_folds=(0,))
    predictor.predict_from_files_sequential([[str(image)]], [str(out / "c")], True)
    mask = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(out / "c.nii.gz")))
    with np.load(out / "c.npz") as arrays:
        return mask, arrays["probabilities"]


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_agrees_with_nnunets_own_prediction(
    trained: TrainedDataset,
    unets: UNetSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    engine: EngineChoice,
) -> None:
    monkeypatch.setenv("nnUNet_extTrainer", str(Path(__file__).parents[2] / "nnunet_ext/plugin"))
    path = trained.unseen[0]
    volume = read_image(path)
    predictors = build_predictors(unets, CPU, engine=engine)
    ours = predict_probabilities(predictors, volume.array, volume.spacing_mm)
    assert set(ours) == set(TRAINERS)
    for variant, probability in ours.items():
        folder = model_folder(trained.results, variant, PLANS)
        mask, theirs = predict_with_nnunet(folder, path, tmp_path / variant)
        assert mask.any()
        if predictors.engine.precision == "float32":
            np.testing.assert_array_equal(probability > 0.5, mask > 0)
            np.testing.assert_allclose(probability, theirs[0], atol=1e-3)
        else:
            assert np.mean((probability > 0.5) != (mask > 0)) < 1e-3


def test_mirroring_changes_the_work(trained: TrainedDataset, unets: UNetSet) -> None:
    volume = read_image(trained.unseen[0])
    plain = build_predictors(unets, CPU, mirroring=False)
    mirrored = build_predictors(unets, CPU, mirroring=True)
    first = predict_probabilities(plain, volume.array, volume.spacing_mm)
    second = predict_probabilities(mirrored, volume.array, volume.spacing_mm)
    assert any(not np.array_equal(first[name], second[name]) for name in first)


def test_a_slice_larger_than_the_patch_is_seen_at_once(unets: UNetSet) -> None:
    predictors, seen = recorded(build_predictors(unets, CPU, mirroring=False))
    patch, spacing_mm = planned(unets)
    height, width = patch[0] + 3, patch[1] + 9
    image = np.random.default_rng(0).normal(size=(2, height, width)).astype(np.float32)
    found = predict_probabilities(predictors, image, spacing_mm)
    assert found["whole"].shape == image.shape
    assert sum(shape[0] for shape in seen) == 2 * len(found)
    assert all(shape[1] >= height and shape[2] >= width for shape in seen)


def test_one_slice_keeps_its_grid(unets: UNetSet) -> None:
    image = np.random.default_rng(0).normal(size=(1, 61, 53)).astype(np.float32)
    found = predict_probabilities(build_predictors(unets, CPU), image, (6.0, 0.4, 0.5))
    assert {probability.shape for probability in found.values()} == {(1, 61, 53)}


def test_unknown_fold_and_wrong_shape(unets: UNetSet) -> None:
    with pytest.raises(ValueError, match=r"fold \['3'\] is not in the model"):
        build_predictors(unets, CPU, folds=["3"])
    with pytest.raises(ValueError, match=r"\(Z, Y, X\)"):
        predict_probabilities(build_predictors(unets, CPU), np.zeros((4, 4), np.float32), (1, 1, 1))


def test_what_the_plans_say(unets: UNetSet) -> None:
    assert slice_axis(unets) == 0
    assert unets.dataset_json["labels"] == {"background": 0, "humerus": 1, "glenoid": 2}


@pytest.fixture
def folder(unets: UNetSet, tmp_path: Path) -> Path:
    write_unets(unets, tmp_path)
    return tmp_path


@pytest.mark.parametrize("precision", ["float16", "float32"])
def test_a_bundle_keeps_the_weights_to_its_precision(
    unets: UNetSet, tmp_path: Path, precision: Stored
) -> None:
    write_unets(unets, tmp_path, precision)
    back = read_unets(tmp_path, ["0"], unets.mirroring_axes)
    assert back.plans == unets.plans
    assert back.dataset_json == unets.dataset_json
    for variant, folds in unets.weights.items():
        found = back.weights[variant]["0"]
        assert len(found) > 10
        assert all(isinstance(values, np.ndarray) for values in found.values())
        for name, values in found.items():
            wanted = np.asarray(folds["0"][name]).astype(precision).astype(np.float32)
            np.testing.assert_array_equal(values, wanted)


def test_weights_in_bfloat16_are_read_too(unets: UNetSet, folder: Path) -> None:
    path = folder / weights_file("glenoid", "0")
    tensors = {name: tensor.bfloat16() for name, tensor in load_file(path).items()}
    save_file(tensors, path)
    found = read_unets(folder, ["0"], None).weights["glenoid"]["0"]
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(np.asarray(found[name]), tensor.float().numpy())


@pytest.mark.parametrize("damage", ["pickle", "missing", "renamed", "not finite"])
def test_damaged_weights_are_refused_by_name(
    trained: TrainedDataset, folder: Path, damage: str
) -> None:
    path = folder / weights_file("glenoid", "0")
    if damage == "pickle":
        source = model_folder(trained.results, "glenoid", PLANS) / "fold_0"
        shutil.copyfile(source / "checkpoint_final.pth", path)
    elif damage == "missing":
        path.unlink()
    else:
        tensors = load_file(path)
        first = next(iter(tensors))
        if damage == "renamed":
            tensors["other"] = tensors.pop(first)
        else:
            tensors[first] = torch.full_like(tensors[first], float("nan"))
        save_file(tensors, path)
    with pytest.raises(UntrustedModelError, match=r"glenoid_fold_0\.safetensors"):
        read_unets(folder, ["0"], None)


@pytest.mark.parametrize(
    ("file", "content"),
    [("plans.json", "{"), ("plans.json", "[]"), ("dataset.json", "{}"), ("dataset.json", "[1]")],
)
def test_damaged_descriptions_are_refused_by_name(folder: Path, file: str, content: str) -> None:
    (folder / file).write_text(content)
    with pytest.raises(UntrustedModelError, match=file):
        read_unets(folder, ["0"], None)


def test_mirroring_axes_stay_in_plane(folder: Path) -> None:
    with pytest.raises(UntrustedModelError, match="in-plane axes"):
        read_unets(folder, ["0"], (0, 2))


def test_strides_may_be_plain_numbers(unets: UNetSet) -> None:
    plans = deepcopy(unets.plans)
    network = plans["configurations"]["2d"]["architecture"]["arch_kwargs"]
    assert all(first == second for first, second in network["strides"])
    network["strides"] = [first for first, _ in network["strides"]]
    image = np.random.default_rng(0).normal(size=(2, 61, 53)).astype(np.float32)
    spacing_mm = (4.0, 0.9, 0.9)
    found = predict_probabilities(
        build_predictors(replace(unets, plans=plans), CPU), image, spacing_mm
    )
    expected = predict_probabilities(build_predictors(unets, CPU), image, spacing_mm)
    for variant, probability in expected.items():
        np.testing.assert_array_equal(found[variant], probability)


def test_patches_are_seen_where_memory_does_not_last(
    unets: UNetSet, caplog: pytest.LogCaptureFixture
) -> None:
    patch, spacing_mm = planned(unets)
    height, width = patch[0] + 3, patch[1] + 9
    image = np.random.default_rng(0).normal(size=(2, height, width)).astype(np.float32)
    predictors = build_predictors(unets, CPU, mirroring=False)
    predictors, seen = recorded(predictors, most=math.prod(patch))
    found = predict_probabilities(predictors, image, spacing_mm)
    assert found["whole"].shape == image.shape
    assert {shape[1:] for shape in seen} == {tuple(patch)}
    assert "seen in patches" in caplog.text
