"""Models of stock nnU-Net as bundles: what they predict, and what is refused of a zip file."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

import shoulderseg as ss
from shoulderseg.datasets.reader import read_label_map
from shoulderseg.datasets.volume import Volume
from shoulderseg.datasets.writer import write_image
from shoulderseg.nnunet_ext.variants import CHECKPOINT
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.install import import_bundle
from shoulderseg.workflows.bundles.nnunet_zip import export_nnunet
from shoulderseg.workflows.bundles.stock_model import ZIP_LIMITS, fill_from_stock, is_stock_model
from shoulderseg.workflows.bundles.stock_zip import unpack_stock_zip
from tests.stock_models import MODEL, write_stock_model

DATASET = "Dataset012_Own"
# By its plans, which keep the name whatever its folder is called.
TRAINED_ON = "Dataset001_Untrained"
JSONS = ("plans", "dataset")
SWAPPED = {"background": 0, "glenoid": 1, "humerus": 2}


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SHOULDERSEG_MODELS", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_stock_model(tmp_path / "results" / DATASET / MODEL, dataset={"labels": SWAPPED})


@pytest.fixture
def image(tmp_path: Path) -> Path:
    values = np.random.default_rng(0).normal(100, 20, (4, 32, 32)).astype(np.float32)
    axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    path = tmp_path / "scan_0000.nii.gz"
    write_image(path, Volume(values, (4.0, 2.0, 2.0), (0.0, 0.0, 0.0), axes))
    return path


def by_nnunet(model: Path, image: Path, out: Path) -> npt.NDArray[Any]:
    predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(str(model), use_folds=(0,))
    predictor.predict_from_files_sequential([[str(image)]], [str(out)])
    return read_label_map(out.with_name(f"{out.name}.nii.gz")).array


def is_settled(model: Path | str, image: Path) -> npt.NDArray[np.bool_]:
    """Where the classes differ by more than the half precision of nnU-Net's logits tells apart."""
    found = ss.Segmenter(model, device="cpu", engine="torch")(image).probabilities
    humerus, glenoid = found["humerus"], found["glenoid"]
    settled: npt.NDArray[np.bool_] = (np.abs(np.maximum(humerus, glenoid) - 0.5) > 1e-3) & (
        np.abs(humerus - glenoid) > 1e-3
    )
    return settled


def by_us(model: Path | str, image: Path) -> npt.NDArray[np.uint8]:
    segment = ss.Segmenter(model, device="cpu", engine="torch")
    # A copy finds the model again.
    copy = pickle.loads(pickle.dumps(segment))
    labels: npt.NDArray[np.uint8] = copy(image).labels
    np.testing.assert_array_equal(labels, segment(image).labels)
    return labels


def zipped(folder: Path, archive: Path) -> Path:
    """Packs a folder as nnU-Net does."""
    return Path(shutil.make_archive(str(archive.with_suffix("")), "zip", folder))


@pytest.mark.parametrize("source", ["model", "dataset", "results", "zip", "imported"])
def test_a_stock_model_finds_what_nnunet_finds(
    model: Path, image: Path, tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results"
    sources = {"model": model, "dataset": model.parent, "results": results}
    given: Path | str = sources.get(source) or zipped(results, tmp_path / "own.zip")
    if source == "imported":
        given = import_bundle(Path(given)).name
    expected = by_nnunet(model, image, tmp_path / "stock")
    assert set(np.unique(expected)) == {0, 1, 2}
    monkeypatch.chdir(tmp_path)
    settled = is_settled(given, image)
    assert np.mean(settled) > 0.98
    np.testing.assert_array_equal(by_us(given, image)[settled], expected[settled])


def test_an_exported_model_of_both_bones_comes_back_as_it_went(
    untrained: Path, image: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "models.zip"
    export_nnunet(str(untrained), archive)
    with zipfile.ZipFile(archive) as content:
        content.extractall(tmp_path / "installed")
    (both,) = (tmp_path / "installed").glob("*Bones/*")
    unets = read_bundle(untrained).unets
    folder = tmp_path / "back"
    folder.mkdir()
    fill_from_stock(both, folder)
    back = read_bundle(folder).unets
    assert back.dataset_json["labels"] == unets.dataset_json["labels"]
    stock = by_nnunet(both, image, tmp_path / "stock")
    np.testing.assert_array_equal(by_us(both, image), stock)
    # Of the models in the whole archive it is the one that both bones are outputs of.
    np.testing.assert_array_equal(by_us(archive, image), stock)


def test_of_several_models_of_both_bones_none_is_taken(model: Path, tmp_path: Path) -> None:
    shutil.copytree(model.parent, tmp_path / "results" / "Dataset999_Other")
    archive = zipped(tmp_path / "results", tmp_path / "own.zip")
    with pytest.raises(ValueError, match=r"own\.zip holds several 2d models: .*Dataset999_Other/"):
        ss.Segmenter(archive, device="cpu")


def test_a_zip_of_an_unfinished_training_says_what_it_lacks(model: Path, tmp_path: Path) -> None:
    (model / "fold_0" / CHECKPOINT).rename(model / "fold_0" / "checkpoint_best.pth")
    archive = zipped(tmp_path / "results", tmp_path / "own.zip")
    with pytest.raises(FileNotFoundError, match=f"__2d has no fold with {CHECKPOINT}"):
        ss.Segmenter(archive, device="cpu")


@pytest.mark.parametrize(
    ("packed", "numbered", "upright", "told"),
    [
        (False, 1, True, f"turned head up, as the images of {TRAINED_ON} in nnUNet_raw lie"),
        # Another site's dataset of the same name.
        (False, 2, False, "another dataset.json, and may be another dataset"),
        (True, 1, False, "as they are stored, .*a zip file does not say"),
    ],
)
def test_scans_are_turned_only_where_the_training_images_are_known(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    packed: bool,
    numbered: int,
    upright: bool,
    told: str,
) -> None:
    raw = tmp_path / "nnUNet_raw" / TRAINED_ON
    (raw / "imagesTr").mkdir(parents=True)
    monkeypatch.setenv("nnUNet_raw", str(raw.parent))
    axes = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    image = raw / "imagesTr" / "a_0000.nii.gz"
    write_image(image, Volume(np.zeros((2, 8, 8), np.float32), (4, 2, 2), (0, 0, 0), axes))
    os.utime(image, (1e9, 1e9))
    described = json.loads((model / "dataset.json").read_text())
    (raw / "dataset.json").write_text(json.dumps(described | {"numTraining": numbered}))
    source = zipped(tmp_path / "results", tmp_path / "own.zip") if packed else model
    (tmp_path / "bundle").mkdir()
    caplog.set_level("INFO", "shoulderseg")
    fill_from_stock(source, tmp_path / "bundle")
    assert read_bundle(tmp_path / "bundle").upright is upright
    assert re.search(told, caplog.text)


@pytest.mark.parametrize("words", [{"crop": True}, {"vote": "staple"}, {"vote": "mean"}])
def test_the_vote_of_one_network_is_its_own_word(
    model: Path, image: Path, words: dict[str, Any]
) -> None:
    if "crop" in words:
        with pytest.raises(ValueError, match="no U-Net of both bones"):
            ss.Segmenter(model, device="cpu", **words)
        return
    segment = ss.Segmenter(model, device="cpu", engine="torch", **words)
    np.testing.assert_array_equal(segment(image).labels, by_us(model, image))


def test_a_bundle_is_no_stock_model(untrained: Path, tmp_path: Path) -> None:
    assert not is_stock_model(untrained)
    assert not is_stock_model(zipped(untrained, tmp_path / "bundle.zip"))
    assert not is_stock_model(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (f"../{DATASET}/{MODEL}/plans.json", "expected paths such as"),
        (f"/{MODEL}/plans.json", "expected paths such as"),
        (f"a/b/{DATASET}/{MODEL}/fold_0/checkpoint_final.pth", "expected paths such as"),
        (f"{DATASET}/{MODEL}/plans.json", "twice"),
    ],
)
def test_a_zip_file_with_unsafe_paths_is_refused(
    model: Path, tmp_path: Path, store: Path, entry: str, told: str
) -> None:
    archive = zipped(tmp_path / "results", tmp_path / "own.zip")
    with zipfile.ZipFile(archive, "a") as content, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content.writestr(entry, "{}")
    with pytest.raises(ValueError, match=told):
        import_bundle(archive)
    assert [path.name for path in store.iterdir() if not path.name.startswith(".")] == []


def test_networks_of_volumes_and_pictures_stay_packed(
    model: Path, image: Path, tmp_path: Path
) -> None:
    other = model.with_name(MODEL.replace("2d", "3d_fullres"))
    write_stock_model(other, checkpoint={"network_weights": None})
    (model / "fold_0" / "progress.png").write_bytes(b"none")
    archive = zipped(tmp_path / "results", tmp_path / "own.zip")
    assert by_us(archive, image).any()
    unpack_stock_zip(archive, tmp_path / "unpacked", ZIP_LIMITS)
    files = [path for path in (tmp_path / "unpacked").rglob("*") if path.is_file()]
    assert {f"{path.parent.name}/{path.name}" for path in files} == {
        *(f"{folder.name}/{name}.json" for folder in (model, other) for name in JSONS),
        "fold_0/checkpoint_final.pth",
    }
    assert len(files) == 5


def test_a_model_that_expands_too_much_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "own.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr(f"{MODEL}/fold_0/checkpoint_final.pth", bytes(2**24))
    with pytest.raises(ValueError, match="times its size"):
        import_bundle(archive)
