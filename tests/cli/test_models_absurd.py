"""Bundles from outside that say absurd things of themselves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from shoulderseg.nnunet_ext.bundle import read_tensors
from shoulderseg.workflows.bundles.manifest import MANIFEST, put_file
from shoulderseg.workflows.bundles.quality_file import read_settings
from tests.cli.refused_import import refused

if TYPE_CHECKING:
    from tests.cli.conftest import Run

WEIGHTS = "glenoid_fold_0.safetensors"
MANY = 300_000


@pytest.fixture
def folder(untrained: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "a"
    shutil.copytree(untrained, copy)
    return copy


def change(folder: Path, file: str, edit: Callable[[dict[str, Any]], object]) -> None:
    """Edits a JSON file of a bundle, whose manifest is true afterwards."""
    content = json.loads((folder / file).read_text(encoding="utf-8"))
    edit(content)

    def write(path: Path) -> None:
        path.write_text(json.dumps(content), encoding="utf-8")

    if file == MANIFEST:
        write(folder / file)
    else:
        put_file(folder, file, write)


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (torch.int16, "int16"),
        (torch.int64, "int64"),
        (torch.uint8, "uint8"),
        (torch.bool, "bool"),
        (torch.complex64, "complex64"),
    ],
)
def test_weights_that_are_no_floating_point_numbers(
    run: Run, store: Path, folder: Path, kind: torch.dtype, found: str
) -> None:
    weights = load_file(folder / WEIGHTS)
    name = sorted(weights)[1]
    weights[name] = weights[name].to(kind)
    put_file(folder, WEIGHTS, lambda path: save_file(weights, path))
    reason = refused(run, store, folder)
    assert f"{WEIGHTS}: '{name}' is of type {found}, expected one of float16, bfloat16" in reason


def test_the_name_of_a_weight_is_told_in_one_line(tmp_path: Path) -> None:
    save_file({"\x1b]0;x\x07\n" + "w" * 9000: torch.zeros(2, dtype=torch.int32)}, tmp_path / "a")
    with pytest.raises(ValueError, match="is of type int32") as caught:
        read_tensors(tmp_path / "a")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_counts_of_batches_are_whole_numbers(tmp_path: Path) -> None:
    counts = {"layers.1.num_batches_tracked": torch.tensor(7)}
    save_file(counts, tmp_path / "a")
    assert read_tensors(tmp_path / "a") == counts


def in_2d(name: str, value: object) -> Callable[[dict[str, Any]], object]:
    return lambda plans: plans["configurations"]["2d"].update({name: value})


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (
            in_2d("normalization_schemes", ["NoNormalization"] * MANY),
            "'normalization_schemes' has 300000 entries, expected 1000 at most",
        ),
        (
            in_2d("normalization_schemes", ["ZScoreNormalization"] * 4),
            "expected a list of one entry, for one channel",
        ),
        (in_2d("use_mask_for_norm", [True, False]), "use_mask_for_norm is [True, False], expected"),
        (in_2d("use_mask_for_norm", {"0": True}), "use_mask_for_norm is {'0': True}, expected"),
        (
            lambda plans: plans.update({"transpose_forward": [0] * MANY}),
            "'transpose_forward' has 300000 entries, expected 1000 at most",
        ),
        (
            lambda plans: plans.update({"more": [{"deep": dict.fromkeys(map(str, range(1200)))}]}),
            "'deep' has 1200 entries, expected 1000 at most",
        ),
        (
            lambda plans: plans.update(
                {"foreground_intensity_properties_per_channel": {"0": {}, "1": {}, "2": {}}}
            ),
            "it tells of the intensities of 3 channels, expected one",
        ),
    ],
)
def test_plans_with_absurd_counts(
    run: Run,
    store: Path,
    folder: Path,
    edit: Callable[[dict[str, Any]], object],
    reason: str,
) -> None:
    change(folder, "plans.json", edit)
    told = refused(run, store, folder)
    assert reason in told
    assert len(told) < 600


def labels(**names: object) -> Callable[[dict[str, Any]], object]:
    return lambda described: described.update({"labels": names})


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (
            lambda told: told.update({"channel_names": dict.fromkeys(map(str, range(MANY)), "x")}),
            "channel_names has 300000 entries, expected one",
        ),
        (lambda told: told.update({"channel_names": ["a", "b"]}), "channel_names has 2 entries"),
        (labels(background=0, **{f"b{n}": n + 1 for n in range(MANY)}), "found 300000 in dataset"),
        (labels(background=0, humerus=1, **{"a\x1b[2Jb": 2}), r"a label is called 'a\x1b[2Jb'"),
        (labels(background=0, humerus=1, **{"a\nuse it": 2}), r"a label is called 'a\nuse it'"),
        (labels(background=0, humerus=1, **{"\u202eb": 2}), r"a label is called '\u202eb'"),
        (labels(background=0, humerus=1, **{"b" * 65: 2}), "1 to 64 printable characters"),
        (labels(background=0, humerus=1, **{" ": 2}), "a label is called ' '"),
        (labels(background=0, humerus=1, glenoid=256), "expected a value of 0 to 255 for each"),
        (labels(background=0, humerus=2, glenoid=2), "expected a value of 0 to 255 for each"),
        (labels(background=0, humerus=1, glenoid=-1), "expected a value of 0 to 255 for each"),
    ],
)
def test_descriptions_with_absurd_channels_and_labels(
    run: Run,
    store: Path,
    folder: Path,
    edit: Callable[[dict[str, Any]], object],
    reason: str,
) -> None:
    change(folder, "dataset.json", edit)
    told = refused(run, store, folder)
    assert reason in told
    assert len(told) < 600
    assert told.isprintable()


def test_a_label_of_64_letters_is_taken(run: Run, store: Path, folder: Path) -> None:
    change(folder, "dataset.json", labels(background=0, humerus=1, **{"Schulterblatt " * 4: 2}))
    assert run("models", "import", folder).exit_code == 0


@pytest.mark.parametrize(
    "edit",
    [
        lambda told: told.update({"folds": ["0"] * MANY}),
        lambda told: told.update({"folds": ["0", "0"]}),
        lambda told: told.update({"folds": ["0" * 40]}),
        lambda told: told.update({"mirroring_axes": [0] * MANY}),
        lambda told: told.update({"one_piece": ["glenoid"] * MANY}),
    ],
)
def test_manifests_with_absurd_counts(
    run: Run, store: Path, folder: Path, edit: Callable[[dict[str, Any]], object]
) -> None:
    change(folder, MANIFEST, edit)
    told = refused(run, store, folder)
    assert "bundle.json of a is damaged" in told
    assert len(told) < 300


def test_settings_of_a_calibration_are_short_and_plain(tmp_path: Path) -> None:
    kept = {"vote": "majority", "mirroring": True, "copies": 2}
    said = {**kept, "voters": "a\x1b[2J", "folds": "x" * 65, "refine": ["a"], "a\nb": 1}
    path = tmp_path / "quality.json"
    path.write_text(json.dumps({"settings": said}), encoding="utf-8")
    assert read_settings(path) == kept
