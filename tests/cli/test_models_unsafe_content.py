"""Bundles from outside whose files must not get into the store."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
import torch

from shoulderseg.workflows.bundles.manifest import MANIFEST, put_file, sha256_of
from tests.cli.refused_import import refused
from tests.zip_files import zipped

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import PayloadMaker


def with_evil_weights(folder: Path, evil: object, *, honest: bool) -> None:
    torch.save(evil, folder / "whole_fold_0.safetensors")
    if honest:
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["files"]["whole_fold_0.safetensors"] = sha256_of(
            folder / "whole_fold_0.safetensors"
        )
        (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize("honest", [True, False])
def test_a_pickle_under_the_name_of_weights(
    run: Run,
    store: Path,
    untrained: Path,
    tmp_path: Path,
    payload: PayloadMaker,
    honest: bool,
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)
    with_evil_weights(folder, {"evil": payload(tmp_path / "ran")}, honest=honest)
    for source in (folder, zipped(folder, tmp_path / "a.zip")):
        reason = refused(run, store, source)
        assert "whole_fold_0.safetensors" in reason
        assert ("safetensors file" if honest else "not the file that was") in reason
    assert not (tmp_path / "ran").exists()


def test_plans_that_name_code_of_others(
    run: Run, store: Path, untrained: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)
    plans = (folder / "plans.json").read_text().replace("torch.nn.LeakyReLU", "os.system")
    (folder / "plans.json").write_text(plans)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["plans.json"] = sha256_of(folder / "plans.json")
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert "os.system" in refused(run, store, folder)


@pytest.mark.parametrize("name", [MANIFEST, "plans.json", "dataset.json", "quality.json"])
def test_json_that_is_too_deep_to_read(
    run: Run, store: Path, untrained: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)

    def write(path: Path) -> None:
        path.write_text("[" * 200000, encoding="utf-8")

    if name == MANIFEST:
        write(folder / name)
    else:
        put_file(folder, name, write)
    assert name in refused(run, store, folder)
    image = SimpleITK.GetImageFromArray(np.zeros((2, 8, 8), np.float32))
    SimpleITK.WriteImage(image, str(tmp_path / "image.nii.gz"))
    used = run("predict", tmp_path / "image.nii.gz", tmp_path / "out", "--model", folder)
    assert used.exit_code == 3
    assert name in used.output


@pytest.mark.parametrize("what", ["link", "folder", "pipe", "pickle"])
def test_folders_with_what_no_bundle_holds(
    run: Run, store: Path, untrained: Path, tmp_path: Path, what: str
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)
    if what == "link":
        (folder / "more.json").symlink_to("/etc/hostname")
    elif what == "folder":
        (folder / "more.json").mkdir()
    elif what == "pipe":
        os.mkfifo(folder / "more.json")
    else:
        (folder / "more.pkl").touch()
    assert "more." in refused(run, store, folder)


def test_neither_an_archive_nor_a_bundle(run: Run, store: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no zip")
    (tmp_path / "b").mkdir()
    assert "not a sound zip file" in refused(run, store, tmp_path / "a.zip")
    assert "bundle.json" in refused(run, store, tmp_path / "b")
    assert "does not exist" in refused(run, store, tmp_path / "c")
