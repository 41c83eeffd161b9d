from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch

from shoulderseg.nnunet_ext.checkpoints import finished_folds, load_checkpoint, load_unets
from shoulderseg.nnunet_ext.unet_set import UntrustedModelError

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
