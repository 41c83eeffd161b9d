"""Runs into a folder in which somebody else has laid links."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from shoulderseg.workflows.cohort.presence import LOCK_FILE, at_work
from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.inputs.sources_file import write_sources
from shoulderseg.workflows.outputs.plan import RUN_LOG_FILE, OutputPlan
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.run_plan import Run
from shoulderseg.workflows.segmentation.segmenter import Segmenter

PRECIOUS = "years of work"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("images")
    for name in ("k1", "k2"):
        image = SimpleITK.GetImageFromArray(rng.normal(90, 9, (2, 32, 32)).astype(np.float32))
        SimpleITK.WriteImage(image, str(folder / f"{name}.nii.gz"))
    return folder


def prepared(model: Path, images: Path, out: Path, *, bids: bool = False) -> Run:
    segmenter = Segmenter(model, device="cpu", mirroring=False)
    inputs = collect_inputs(images, images, out)
    return prepare_run(segmenter, inputs, images, OutputPlan(out, bids=bids), preview=True)


def test_a_link_under_any_name_that_a_run_writes_leads_nowhere(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    execute_run(prepared(untrained, images, tmp_path / "plain"))
    files = [path for path in (tmp_path / "plain").rglob("*") if path.is_file()]
    names = [path.relative_to(tmp_path / "plain") for path in files]
    # Label map, picture and what is noted of each; report, table and log.
    assert len(names) == 2 * 3 + 3
    victim, out = tmp_path / "victim", tmp_path / "out"
    victim.write_text(PRECIOUS)
    for name in names:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).symlink_to(victim)
        # Files half written had these names.
        (out / name).with_suffix(".part").symlink_to(victim)
    run = prepared(untrained, images, out)
    execute_run(run)
    assert run.report.failed == 0
    assert victim.read_text() == PRECIOUS
    # The log is added to, so that a link in its place is refused, not replaced.
    assert [name for name in names if (out / name).is_symlink()] == [Path(RUN_LOG_FILE)]


def test_folders_that_are_links_fail_their_cases_alone(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    other, out = tmp_path / "other", tmp_path / "out"
    other.mkdir()
    out.mkdir()
    (out / "sub-k1").symlink_to(other)
    run = prepared(untrained, images, out, bids=True)
    execute_run(run)
    assert run.report.failed == 1
    report = (out / "shoulderseg_report.json").read_text()
    assert "k1.nii.gz: sub-k1 in the folder of the output is a link" in report
    assert list(other.iterdir()) == []
    assert (out / "sub-k2" / "anat").is_dir()


def test_previews_behind_a_link_are_refused_before_work_is_done(
    untrained: Path, images: Path, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "previews").symlink_to(tmp_path / "other")
    run = prepared(untrained, images, tmp_path / "out")
    execute_run(run)
    assert run.report.failed == 2
    assert "previews in the folder of the output is a link" in run.report._path.read_text()
    assert list((tmp_path / "other").iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_a_lock_that_is_a_link_is_refused(tmp_path: Path, there: bool) -> None:
    victim, out = tmp_path / "victim", tmp_path / "out"
    out.mkdir()
    if there:
        victim.write_text(PRECIOUS)
    (out / LOCK_FILE).symlink_to(victim)
    with (
        pytest.raises(ValueError, match=r"shoulderseg\.lock is a link.*remove the link"),
        at_work(out, {}),
    ):
        pass
    assert victim.exists() is there
    assert not there or victim.read_text() == PRECIOUS
    assert (out / LOCK_FILE).is_symlink()


def test_the_table_of_sources_replaces_a_link(images: Path, tmp_path: Path) -> None:
    victim, table = tmp_path / "victim", tmp_path / "table.csv"
    victim.write_text(PRECIOUS)
    table.symlink_to(victim)
    write_sources(table, collect_inputs(images, images, tmp_path).cases, images, tmp_path / "out")
    assert victim.read_text() == PRECIOUS
    assert "k2" in table.read_text()
