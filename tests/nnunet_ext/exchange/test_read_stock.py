from __future__ import annotations

import json
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from shoulderseg.nnunet_ext.exchange.read_stock import read_stock_model
from shoulderseg.nnunet_ext.exchange.stock_folder import find_model_folder
from shoulderseg.nnunet_ext.plan_checks import RESIDUAL_UNET
from shoulderseg.nnunet_ext.unets import build_unet
from shoulderseg.nnunet_ext.variants import CHECKPOINT
from tests.stock_models import (
    MODEL,
    as_planned_before_2_4,
    name_scalars_as_numpy_1,
    write_stock_model,
)
from tests.untrained import untrained_plans

if TYPE_CHECKING:
    from tests.conftest import PayloadMaker

BONES = {"background": 0, "humerus": 1, "glenoid": 2}
REGIONS = {"background": 0, "bone": [1, 2], "glenoid": [2]}


def test_labels_keep_their_names_and_values_and_the_humerus_comes_first(tmp_path: Path) -> None:
    labels = {"background": 0, "Glenoid": 1, "Humerus": 2}
    folder = write_stock_model(tmp_path / MODEL, folds=("0", "1"), dataset={"labels": labels})
    unets = read_stock_model(folder)
    assert list(unets.dataset_json["labels"].items()) == [
        ("background", 0),
        ("Humerus", 2),
        ("Glenoid", 1),
    ]
    assert {variant: list(folds) for variant, folds in unets.weights.items()} == {
        "humerus": ["0", "1"],
        "glenoid": ["0", "1"],
    }
    assert unets.mirroring_axes == (0, 1)
    assert list(unets.plans["configurations"]) == ["2d"]


@pytest.mark.parametrize(
    ("dataset", "told"),
    [
        ({"labels": REGIONS, "regions_class_order": [1, 2]}, "trained on regions"),
        ({"labels": {**BONES, "ignore": 3}}, "ignore label"),
        ({"labels": {"background": 0, "humerus": 1}}, "one label each for humerus and glenoid"),
        ({"labels": {**BONES, "scapula": 3}}, "one label each for humerus and glenoid"),
        ({"labels": {**BONES, "glenoid": 7}}, "0, 1 and 2"),
        ({"labels": {**BONES, "glenoid": True}}, "0, 1 and 2"),
        ({"labels": [0, 1, 2]}, "has no labels"),
        ({"channel_names": {"0": "T1", "1": "T2"}}, "has 2 channels"),
    ],
)
def test_another_dataset_is_refused(tmp_path: Path, dataset: dict[str, Any], told: str) -> None:
    folder = write_stock_model(tmp_path / MODEL, dataset=dataset)
    with pytest.raises(ValueError, match=told):
        read_stock_model(folder)


@pytest.mark.parametrize("configuration", ["3d_fullres", "3d_cascade_fullres"])
def test_a_model_of_volumes_is_refused(tmp_path: Path, configuration: str) -> None:
    named = write_stock_model(
        tmp_path / "by name" / f"nnUNetTrainer__nnUNetPlans__{configuration}",
    )
    with pytest.raises(ValueError, match=f"no 2d model, found nnUNetTrainer.*{configuration}"):
        find_model_folder(named.parent)
    arguments = {"init_args": {"configuration": configuration}}
    stated = write_stock_model(tmp_path / "renamed", checkpoint=arguments)
    with pytest.raises(ValueError, match=f"of the configuration '{configuration}', expected '2d'"):
        read_stock_model(find_model_folder(stated))
    planned = write_stock_model(tmp_path / "planned", plans={"configurations": {configuration: {}}})
    with pytest.raises(ValueError, match="3D models cannot be used, nor cascades"):
        read_stock_model(planned)


def test_nothing_in_a_checkpoint_is_run(tmp_path: Path, payload: PayloadMaker) -> None:
    mark = tmp_path / "mark"
    folder = write_stock_model(tmp_path / MODEL, checkpoint={"optimizer_state": payload(mark)})
    with pytest.raises(ValueError, match="not a plain nnU-Net checkpoint"):
        read_stock_model(folder)
    assert not mark.exists()


def weights(**changed: torch.Tensor) -> dict[str, Any]:
    network = build_unet(untrained_plans(), outputs=3).state_dict()
    return {"network_weights": {**network, **changed}}


@pytest.mark.parametrize(
    ("checkpoint", "told"),
    [
        (
            {"network_weights": build_unet(untrained_plans(), outputs=2).state_dict()},
            "expected shape",
        ),
        (weights(**{"more": torch.zeros(1)}), "hold 'more'"),
        (weights(**{"decoder.seg_layers.0.bias": torch.full((3,), torch.nan)}), "not finite"),
        (weights(**{"decoder.seg_layers.0.bias": torch.zeros(3).to_sparse()}), "no plain tensors"),
        (weights(**{"decoder.seg_layers.0.bias": torch.zeros(3, dtype=torch.int8)}), "no plain"),
        ({"init_args": None}, "lacks what nnU-Net v2 writes"),
        ({"inference_allowed_mirroring_axes": (2,)}, "in-plane axes 0 and 1"),
    ],
)
def test_other_weights_are_refused(tmp_path: Path, checkpoint: dict[str, Any], told: str) -> None:
    folder = write_stock_model(tmp_path / MODEL, checkpoint=checkpoint)
    with pytest.raises(ValueError, match=told):
        read_stock_model(folder)


def test_a_packed_checkpoint_is_refused(tmp_path: Path) -> None:
    folder = write_stock_model(tmp_path / MODEL)
    path = folder / "fold_0" / CHECKPOINT
    with zipfile.ZipFile(path) as content:
        entries = {name: content.read(name) for name in content.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as content:
        for name, data in entries.items():
            content.writestr(name, data)
    with pytest.raises(ValueError, match="is packed"):
        read_stock_model(folder)


def test_plans_that_name_other_code_are_refused(tmp_path: Path) -> None:
    configurations = deepcopy(untrained_plans()["configurations"])
    configurations["2d"]["architecture"]["network_class_name"] = "os.system"
    folder = write_stock_model(tmp_path / MODEL, plans={"configurations": configurations})
    with pytest.raises(ValueError, match=r"names the network 'os\.system'"):
        read_stock_model(folder)


def test_checkpoints_written_under_numpy_1_are_read(tmp_path: Path) -> None:
    folder = write_stock_model(tmp_path / MODEL)
    path = folder / "fold_0" / CHECKPOINT
    expected = read_stock_model(folder)
    name_scalars_as_numpy_1(path)
    assert b"cnumpy.core.multiarray\nscalar\n" in path.read_bytes()
    found = read_stock_model(folder)
    for variant, folds in expected.weights.items():
        for name, values in folds["0"].items():
            assert torch.equal(
                torch.as_tensor(values), torch.as_tensor(found.weights[variant]["0"][name])
            )


@pytest.mark.parametrize("properties", ["per_channel", "by_modality"])
def test_plans_of_before_2_4_are_translated_by_nnunet(tmp_path: Path, properties: str) -> None:
    old = as_planned_before_2_4(untrained_plans())
    entry = "foreground_intensity_properties"
    old[f"{entry}_{properties}"] = old.pop(f"{entry}_per_channel")
    folder = write_stock_model(tmp_path / MODEL)
    expected = read_stock_model(folder)
    (folder / "plans.json").write_text(json.dumps(old))
    found = read_stock_model(folder)
    assert found.plans == expected.plans
    assert found.weights["humerus"].keys() == {"0"}


def test_old_plans_of_a_residual_encoder_name_todays_class(tmp_path: Path) -> None:
    plans = untrained_plans()
    old = as_planned_before_2_4(plans, "ResidualEncoderUNet")
    architecture = plans["configurations"]["2d"]["architecture"]
    kwargs = architecture["arch_kwargs"]
    kwargs["n_blocks_per_stage"] = kwargs.pop("n_conv_per_stage")
    architecture["network_class_name"] = RESIDUAL_UNET
    weights = build_unet(plans, outputs=3).state_dict()
    checkpoint = {"network_weights": weights}
    folder = write_stock_model(tmp_path / MODEL, plans=old, checkpoint=checkpoint)
    found = read_stock_model(folder).plans["configurations"]["2d"]["architecture"]
    assert found == architecture


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"UNet_class_name": "os.system"}, "nnU-Net cannot translate it.*os.system"),
        ({"UNet_base_num_features": "a"}, "UNet_base_num_features is 'a', expected 1 to 4096"),
        ({"n_conv_per_stage_encoder": [2] * 17}, "expected a list of up to 16"),
        ({"conv_kernel_sizes": [[99, 99]] * 2}, "kernel_sizes is"),
        ({"num_pool_per_axis": None, "patch_size": None}, "nnU-Net cannot translate it"),
    ],
)
def test_old_plans_that_nnunet_would_not_translate_are_refused(
    tmp_path: Path, changed: dict[str, Any], told: str
) -> None:
    old = as_planned_before_2_4(untrained_plans())
    old["configurations"]["2d"] |= changed
    folder = write_stock_model(tmp_path / MODEL, plans=old)
    with pytest.raises(ValueError, match=told):
        read_stock_model(folder)


@pytest.mark.parametrize(
    ("learned", "taken"), [(("0", "3", "all"), ["0", "3"]), (("all",), ["all"])]
)
def test_what_learned_from_all_cases_is_not_mixed_with_the_folds(
    tmp_path: Path, learned: tuple[str, ...], taken: list[str]
) -> None:
    unets = read_stock_model(write_stock_model(tmp_path / MODEL, folds=learned))
    assert {variant: list(folds) for variant, folds in unets.weights.items()} == {
        "humerus": taken,
        "glenoid": taken,
    }


def test_a_model_that_saw_turned_images_is_refused(tmp_path: Path) -> None:
    plans = {"image_reader_writer": "NibabelIOWithReorient"}
    folder = write_stock_model(tmp_path / MODEL, plans=plans)
    with pytest.raises(ValueError, match=r"'NibabelIOWithReorient' .*NibabelIO or SimpleITKIO"):
        read_stock_model(folder)
    assert read_stock_model(
        write_stock_model(tmp_path / "other" / MODEL, plans={"image_reader_writer": "NibabelIO"})
    ).weights


def test_an_unfinished_training_is_refused(tmp_path: Path) -> None:
    folder = write_stock_model(tmp_path / MODEL)
    (folder / "fold_0" / CHECKPOINT).rename(folder / "fold_0" / "checkpoint_best.pth")
    with pytest.raises(FileNotFoundError, match="has no fold with checkpoint_final"):
        read_stock_model(folder)


@pytest.mark.parametrize("content", ["[]", "{", json.dumps({"labels": None})])
def test_a_damaged_description_is_refused(tmp_path: Path, content: str) -> None:
    folder = write_stock_model(tmp_path / MODEL)
    (folder / "dataset.json").write_text(content)
    with pytest.raises(ValueError, match=r"dataset\.json"):
        read_stock_model(folder)
