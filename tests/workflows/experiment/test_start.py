"""The bundle that an experiment's U-Nets begin with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from shoulderseg.nnunet_ext.variants import TRAINERS, model_folder
from shoulderseg.workflows.bundles.manifest import MANIFEST, put_file, sha256_of
from shoulderseg.workflows.experiment import steps
from shoulderseg.workflows.experiment.data import lay_out
from shoulderseg.workflows.experiment.protocol import Protocol
from tests.untrained import write_untrained
from tests.whole_checkpoints import write_checkpoint
from tests.workflows.experiment.made_experiment import write_raw


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_raw(tmp_path / "raw" / "Dataset004_Made", [f"p{number}" for number in range(8)])


def begin(out: Path, variants: Iterable[str], fold: int) -> None:
    """Leaves a checkpoint of a fold behind."""
    for variant in variants:
        model = model_folder(out / "nnUNet_results" / "Dataset004_Made", variant, "nnUNetPlans")
        write_checkpoint(model / f"fold_{fold}" / "checkpoint_latest.pth")


def test_trainings_of_one_experiment_begin_with_one_bundle(
    source: Path, tmp_path: Path, untrained: Path
) -> None:
    out, bundle = tmp_path / "out", tmp_path / "bundle"
    shutil.copytree(untrained, bundle)
    protocol = Protocol("4", start_from=str(bundle))
    first = lay_out(source, out, protocol).start
    assert first is not None
    assert first["bundle_sha256"] == sha256_of(bundle / MANIFEST)
    # No training has begun with it: nothing can be mixed.
    _replace(bundle, seed=1)
    second = lay_out(source, out, protocol).start
    assert second is not None
    assert second["weights_sha256"] != first["weights_sha256"]
    begin(out, ["humerus"], 0)
    assert lay_out(source, out, protocol).start == second
    # What no training starts from may change.
    put_file(bundle, "quality.json", Path.touch)
    assert lay_out(source, out, protocol).start == second
    _replace(bundle, seed=2)
    with pytest.raises(ValueError, match=r"has other weights.*1 trainings began.*14 would with"):
        lay_out(source, out, protocol)
    # Those that have all begun need no bundle any more.
    for fold in range(5):
        begin(out, TRAINERS, fold)
    assert lay_out(source, out, protocol).start == second
    shutil.rmtree(bundle)
    assert lay_out(source, out, protocol).start == second
    assert lay_out(source, tmp_path / "random", Protocol("4")).start is None


def _replace(bundle: Path, seed: int) -> None:
    shutil.rmtree(bundle)
    bundle.mkdir()
    write_untrained(bundle, seed)


def test_an_experiment_of_before_fingerprints_goes_on(
    source: Path, tmp_path: Path, untrained: Path, caplog: pytest.LogCaptureFixture
) -> None:
    protocol = Protocol("4", start_from=str(untrained))
    noted = lay_out(source, tmp_path / "out", protocol).start
    path = tmp_path / "out" / "protocol.json"
    kept = json.loads(path.read_text())
    del kept["start"]
    path.write_text(json.dumps(kept))
    begin(tmp_path / "out", ["whole"], 3)
    assert lay_out(source, tmp_path / "out", protocol).start == noted
    assert "is taken for the one that they began with" in caplog.text


def test_a_bundle_that_is_not_there_leaves_nothing_behind(source: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no bundle"):
        lay_out(source, tmp_path / "out", Protocol("4", start_from=str(tmp_path / "none")))
    assert not (tmp_path / "out").exists()


def test_commands_of_an_experiment_that_goes_on(
    source: Path, tmp_path: Path, untrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(steps, "run_together", lambda commands, *_, **__: told.extend(commands))
    bundle = tmp_path / "bundle"
    shutil.copytree(untrained, bundle)
    protocol = Protocol("4", start_from=str(bundle))
    data = lay_out(source, tmp_path / "out", protocol)
    work = steps.Work(data, protocol, "cpu", told.append)
    steps.train_ours(work)
    assert [("--start-from" in line, "upright" in line) for line in told] == [
        (False, False),
        (True, False),
        (False, False),
        (False, False),
    ]
    # Once all have begun the bundle may be gone; how images lie is what the first export found,
    # whatever times the files have by now.
    for fold in range(5):
        begin(data.out, TRAINERS, fold)
    for upright in (False, True):
        shutil.copytree(untrained, data.out / "bundle", dirs_exist_ok=True)
        manifest = data.out / "bundle" / MANIFEST
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"upright": upright}))
        told.clear()
        steps.train_ours(work)
        assert "--start-from" not in " ".join(told)
        assert told[-1].endswith("--upright" if upright else "--no-upright")
