from __future__ import annotations

import json
import pickle
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from shoulderseg.nnunet_ext.checkpoints import finished_folds, load_checkpoint, load_unets
from shoulderseg.nnunet_ext.learned_with import keep_learned_with
from shoulderseg.nnunet_ext.unet_set import UntrustedModelError
from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder
from tests.stock_models import name_scalars_as_numpy_1
from tests.whole_checkpoints import write_checkpoint

if TYPE_CHECKING:
    from tests.conftest import PayloadMaker


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_a_payload_is_refused_and_not_run(
    tmp_path: Path, payload: PayloadMaker, zipped: bool
) -> None:
    mark, path = tmp_path / "ran", tmp_path / "checkpoint_final.pth"
    torch.save(
        {"network_weights": {}, "evil": payload(mark)},
        path,
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(UntrustedModelError, match=r"checkpoint_final\.pth"):
        load_checkpoint(path)
    assert not mark.exists()


def test_the_payload_would_run_if_unpickled(tmp_path: Path, payload: PayloadMaker) -> None:
    pickle.loads(pickle.dumps(payload(tmp_path / "ran"))).close()
    assert (tmp_path / "ran").exists()


def test_what_is_refused_is_named_without_advice_to_trust_it(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint_final.pth"
    torch.save({"network_weights": {}, "more": np.zeros(2)}, path)
    # Of numpy's functions only the one that makes a scalar is known, under its old name too.
    for name in ("numpy._core.multiarray", "numpy.core.multiarray"):
        if name == "numpy.core.multiarray":
            name_scalars_as_numpy_1(path)
        with pytest.raises(UntrustedModelError) as refused:
            load_checkpoint(path)
        assert f"it names '{name}._reconstruct', expected tensors" in str(refused.value)
        assert str(refused.value).isprintable()
        assert "trust" not in str(refused.value)


def test_a_cut_off_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint_final.pth"
    torch.save({"network_weights": {"a": torch.zeros(999)}}, path)
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(UntrustedModelError, match="not a plain nnU-Net checkpoint"):
        load_checkpoint(path)


def test_finished_folds_in_order(tmp_path: Path) -> None:
    for fold in ("all", "2", "10", "0", "1"):
        (tmp_path / f"fold_{fold}").mkdir()
        if fold != "1":
            (tmp_path / f"fold_{fold}" / "checkpoint_final.pth").touch()
    assert finished_folds(tmp_path) == ["0", "2", "10", "all"]


def test_missing_models_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no finished fold of humerus, glenoid, whole"):
        load_unets(tmp_path, "nnUNetPlans")
    with pytest.raises(FileNotFoundError, match="humerus fold 0, glenoid fold 0, whole fold 0"):
        load_unets(tmp_path, "nnUNetPlans", ["0"])


def test_folds_that_learned_with_other_plans_are_not_joined(
    tmp_path: Path, plans: dict[str, Any]
) -> None:
    described = {"labels": {"background": 0, "humerus": [1, 1]}, "regions_class_order": [1]}
    for variant in TRAINERS:
        model = model_folder(tmp_path, variant, "P")
        for fold in ("0", "1"):
            write_checkpoint(model / f"fold_{fold}" / "checkpoint_final.pth")
            keep_learned_with(model / f"fold_{fold}", plans, "2d", described)
        (model / "plans.json").write_text(json.dumps(plans))
        (model / "dataset.json").write_text(json.dumps(described))
    before = deepcopy(plans)
    before["configurations"]["2d"]["spacing"] = [0.7, 0.7]
    keep_learned_with(model_folder(tmp_path, "glenoid", "P") / "fold_0", before, "2d", described)
    with pytest.raises(UntrustedModelError, match=r"glenoid fold 0 \(spacing\) of .*--folds"):
        load_unets(tmp_path, "P")
    # These agree, and are read.
    with pytest.raises(UntrustedModelError, match="not a plain nnU-Net checkpoint"):
        load_unets(tmp_path, "P", ["1"])
    # So are those of an earlier version.
    (model_folder(tmp_path, "glenoid", "P") / "fold_0" / "learned_with.json").unlink()
    with pytest.raises(UntrustedModelError, match="not a plain nnU-Net checkpoint"):
        load_unets(tmp_path, "P")
