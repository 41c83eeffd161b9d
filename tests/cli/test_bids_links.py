"""A BIDS derivative refers to the folder that the user named, and names no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from shoulderseg.datasets.writer import write_image
from tests.datasets.oblique_case import oblique_image

if TYPE_CHECKING:
    from tests.cli.conftest import Run

HIDDEN = "ROE_ANN_77"


def predicted(run: Run, model: Path, images: Path, out: Path) -> tuple[dict[str, str], list[str]]:
    """Links of the dataset and sources of its label map; no byte may hold the hidden name."""
    outcome = run("predict", images, out, "--model", model, "--device", "cpu", "--bids")
    assert outcome.exit_code == 0, outcome.output
    for path in out.rglob("*"):
        assert HIDDEN not in path.name
        assert path.is_dir() or HIDDEN.encode() not in path.read_bytes()
    (sidecar,) = out.rglob("*_dseg.json")
    description = json.loads((out / "dataset_description.json").read_text())
    return description.get("DatasetLinks", {}), json.loads(sidecar.read_text()).get("Sources", [])


def put(path: Path) -> None:
    path.parent.mkdir(parents=True)
    write_image(path, oblique_image())


@pytest.mark.parametrize(
    "image",
    [
        f"wrap/{HIDDEN}/k.nii.gz",
        f"wrap/a/{HIDDEN}/k.nii.gz",
        f"wrap/{HIDDEN}/sub-3/anat/sub-3_T2w.nii.gz",
    ],
)
def test_a_folder_below_the_named_one_is_not_named(
    run: Run, untrained: Path, tmp_path: Path, image: str
) -> None:
    put(tmp_path / image)
    assert predicted(run, untrained, tmp_path / "wrap", tmp_path / "out") == ({}, [])


@pytest.mark.parametrize(
    ("image", "named"),
    [
        ("in/study/k.nii.gz", "in/study"),
        ("in/study/k.nii.gz", "in/study/k.nii.gz"),
        ("in/study/sub-3/anat/sub-3_T2w.nii.gz", "in/study"),
        ("in/sub-3/anat/sub-3_T2w.nii.gz", "in/sub-3"),
    ],
)
def test_the_named_folder_is_linked(
    run: Run, untrained: Path, tmp_path: Path, image: str, named: str
) -> None:
    put(tmp_path / image)
    links, (source,) = predicted(run, untrained, tmp_path / named, tmp_path / "out")
    _, link, file = source.split(":")
    assert list(links) == [link]
    assert (tmp_path / "out" / unquote(links[link]) / unquote(file)).samefile(tmp_path / image)


def test_a_link_is_called_by_its_own_name(run: Run, untrained: Path, tmp_path: Path) -> None:
    put(tmp_path / "vault" / HIDDEN / "k.nii.gz")
    (tmp_path / "study").symlink_to(tmp_path / "vault" / HIDDEN)
    links, sources = predicted(run, untrained, tmp_path / "study", tmp_path / "out")
    assert links == {"input1": "../study"}
    assert sources == ["bids:input1:k.nii.gz"]
