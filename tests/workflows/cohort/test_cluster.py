"""Runs on a cluster of two processes, which tests kill."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dask import config

from shoulderseg.workflows.cohort import cluster
from shoulderseg.workflows.cohort.cluster import Where, joined, parse_where
from shoulderseg.workflows.cohort.presence import at_work
from shoulderseg.workflows.cohort.spread import order_of
from shoulderseg.workflows.cohort.status import read_status
from shoulderseg.workflows.cohort.worker import examine
from shoulderseg.workflows.errors import BrokenEnvironmentError
from shoulderseg.workflows.inputs.collect import collect_inputs
from shoulderseg.workflows.outputs.plan import REPORT_FILE, RUN_LOG_FILE, OutputPlan
from shoulderseg.workflows.segmentation.elsewhere import SegmenterElsewhere
from shoulderseg.workflows.segmentation.listener import Listener
from shoulderseg.workflows.segmentation.run import execute_run, prepare_run
from shoulderseg.workflows.segmentation.run_plan import Run
from shoulderseg.workflows.segmentation.segmenter import Segmenter
from tests.untrained import write_untrained
from tests.workflows.cohort.clusters import deadly
from tests.workflows.cohort.runs import NAMES, go, masks


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """The address of a cluster of two processes."""
    with one_thread(), joined(Where(workers=2)) as crew:
        assert crew.local is not None
        yield crew.local.scheduler_address


@contextmanager
def one_thread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture
def elsewhere(untrained: Path) -> SegmenterElsewhere:
    return SegmenterElsewhere(untrained, device="cpu", mirroring=False)


def prepared(segmenter: Segmenter, images: Path, out: Path, **options: Any) -> Run:  # noqa: ANN401
    inputs = collect_inputs(images, images, out)
    page = options.pop("page", False)
    run = prepare_run(segmenter, inputs, images, OutputPlan(out), **options)
    return replace(run, page=page)


def execute(run: Run, scheduler: str) -> list[Mapping[str, Any]]:
    """Runs it on the cluster, and gives what was told of each case."""
    told: list[Mapping[str, Any]] = []
    with joined(Where(scheduler)) as crew:
        execute_run(run, Listener(on_record=told.append), crew)
    return told


def left_behind(out: Path) -> list[Path]:
    return [*out.rglob(".part-*"), *out.rglob("*.lock"), *out.glob(".shoulderseg/runs")]


def without_times(report: Path) -> dict[str, Any]:
    """Records by case, without what differs between two runs of the same command."""
    content = json.loads(report.read_text(encoding="utf-8"))
    return {
        record["case"]: {
            key: value for key, value in record.items() if key not in ("seconds", "computed_on")
        }
        for record in content["cases"]
    }


def test_a_cluster_gives_what_one_process_gives(
    scheduler: str,
    segmenter: Segmenter,
    elsewhere: SegmenterElsewhere,
    images: Path,
    tmp_path: Path,
) -> None:
    (images / "bad.nii.gz").write_bytes(b"no image")
    whole, out = tmp_path / "whole", tmp_path / "out"
    go(segmenter, images, whole, preview=True)

    told = execute(prepared(elsewhere, images, out, preview=True, page=True), scheduler)

    assert masks(out) == masks(whole)
    assert sorted(masks(out)) == [f"{name}.nii.gz" for name in NAMES]
    assert without_times(out / REPORT_FILE) == without_times(whole / REPORT_FILE)
    assert list(read_status(out).failed) == ["bad"]
    assert sorted(record["case"] for record in told) == sorted([*NAMES, "bad"])
    assert all(one["computed_on"]["device"] == "cpu" for one in told if "error" not in one)
    assert len(list((out / "report" / "cases").iterdir())) == 3
    assert left_behind(out) == []
    happened = [json.loads(line) for line in (out / RUN_LOG_FILE).read_text().splitlines()]
    kinds = Counter(event["event"] for event in happened)
    assert (kinds["case_started"], kinds["case_done"], kinds["case_failed"]) == (4, 3, 1)
    # The command writes it, and says who worked.
    assert {event["process"] for event in happened} == {os.getpid()}
    assert all(event["worker"].startswith("tcp://") for event in happened[1:-1])
    # Either way, what is done is done.
    assert go(segmenter, images, out, preview=True).kept == list(NAMES)
    kept = execute(prepared(elsewhere, images, whole, preview=True), scheduler)
    assert sorted(one["case"] for one in kept if one.get("kept")) == list(NAMES)


def test_the_series_of_an_examination_are_one_task(
    scheduler: str,
    segmenter: Segmenter,
    elsewhere: SegmenterElsewhere,
    images: Path,
    tmp_path: Path,
) -> None:
    go(segmenter, images, tmp_path / "whole", examination="on")

    execute(prepared(elsewhere, images, tmp_path / "out", examination="on"), scheduler)

    assert masks(tmp_path / "out") == masks(tmp_path / "whole")
    one, other = (
        json.loads((tmp_path / name / REPORT_FILE).read_text())["examinations"]
        for name in ("whole", "out")
    )
    assert [record["examination"] for record in one] == [record["examination"] for record in other]


def test_killed_workers_lose_nothing_and_a_case_that_kills_them_is_named(
    scheduler: str,
    segmenter: Segmenter,
    elsewhere: SegmenterElsewhere,
    images: Path,
    tmp_path: Path,
) -> None:
    whole, out, marks = tmp_path / "whole", tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    go(segmenter, images, whole)
    run = prepared(elsewhere, images, out)
    a, b, c = run.inputs.cases
    # Each reader kills its worker with SIGKILL, in the midst of a claimed case.
    cases = (deadly(a, marks, 1), deadly(b, marks, 99), c)
    run = replace(run, inputs=replace(run.inputs, cases=cases))

    with config.set({"distributed.scheduler.allowed-failures": 1}):
        execute(run, scheduler)

    assert sorted(path.name for path in marks.iterdir()) == ["a.0", "b.0", "b.1"]
    found = read_status(out)
    assert found.done == 2
    assert list(found.failed) == ["b"]
    assert "each of the 2 workers that took it has died" in found.failed["b"]
    happened = [json.loads(line) for line in (out / RUN_LOG_FILE).read_text().splitlines()]
    given = Counter(event["case"] for event in happened if event["event"] == "case_started")
    # The first worker of each was lost.
    assert given == {"a": 2, "b": 2, "c": 1}
    assert masks(out) == {name: masks(whole)[name] for name in ("a.nii.gz", "c.nii.gz")}
    assert left_behind(out) == []
    # Without what killed, the same command does the one that is missing.
    assert go(segmenter, images, out).begun == ["b"]
    assert masks(out) == masks(whole)


def test_a_run_that_is_stopped_ends_its_tasks(
    scheduler: str,
    elsewhere: SegmenterElsewhere,
    images: Path,
    tmp_path: Path,
) -> None:
    def stop(record: Mapping[str, Any]) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with joined(Where(scheduler)) as crew, pytest.raises(KeyboardInterrupt):
        execute_run(prepared(elsewhere, images, out), Listener(on_record=stop), crew)
    report = json.loads((out / REPORT_FILE).read_text())
    assert len(report["cases"]) == 1
    assert not report["complete"]
    assert len(execute(prepared(elsewhere, images, out), scheduler)) == 3
    assert read_status(out).done == 3


def test_why_a_worker_is_not_fit(
    elsewhere: SegmenterElsewhere, untrained: Path, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run = prepared(elsewhere, images, out)
    run.plan.start()
    with at_work(out, run.ledger.options) as told:
        order = order_of(run, told)
        assert examine(order) == ""
        assert "does not see the images" in examine(replace(order, images=tmp_path / "no"))
        other = tmp_path / "other"
        other.mkdir()
        write_untrained(other, seed=7)
        reason = examine(replace(order, model=str(other)))
        digest = SegmenterElsewhere(other, device="cpu").bundle.digest
        assert f"its bundle is {digest[:12]}, the run's is {order.digest[:12]}" in reason
        assert "no bundle" in examine(replace(order, model=str(tmp_path / "none")))
    assert f"does not see {out}" in examine(order)


def test_no_fit_worker_is_an_error_and_a_run_with_other_models_is_none(
    scheduler: str, images: Path, tmp_path: Path
) -> None:
    """The workers' bundle was changed since it was read here."""
    model, out = tmp_path / "model", tmp_path / "out"
    model.mkdir()
    write_untrained(model, seed=1)
    run = prepared(SegmenterElsewhere(model, device="cpu", mirroring=False), images, out)
    shutil.rmtree(model)
    model.mkdir()
    write_untrained(model, seed=2)

    with pytest.raises(BrokenEnvironmentError, match=r"none of the 2 .* bundle is .* run's is"):
        execute(run, scheduler)

    assert masks(out) == {}
    assert left_behind(out) == []


def test_which_cluster_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "scheduler.json"
    file.write_text('{"address": "tls://10.0.0.1:8786"}')
    assert parse_where(None, None) is None
    assert parse_where("tcp://host:8786", None) == Where("tcp://host:8786")
    assert parse_where(str(file), None) == Where("tls://10.0.0.1:8786")
    assert parse_where(None, 3) == Where(workers=3)
    with pytest.raises(ValueError, match="give one of them"):
        parse_where("tcp://host:8786", 3)
    with pytest.raises(ValueError, match="there is no such file"):
        parse_where(str(tmp_path / "none"), None)
    file.write_text("[]")
    with pytest.raises(ValueError, match="expected an address such as"):
        parse_where(str(file), None)
    monkeypatch.setattr(cluster, "find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"--workers needs Dask; pip install .*\[cluster\]"):
        parse_where(None, 3)
    assert parse_where(None, None) is None
