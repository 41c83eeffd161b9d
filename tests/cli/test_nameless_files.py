"""Files with nothing before their suffix: no case can be called by them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK

from shoulderseg.datasets.files import case_name, image_suffix
from tests.datasets.oblique_case import oblique_image, write_sources

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NAMELESS = (".nii.gz", ".nrrd", ".mha", "...nii", ". .nii.gz")


def put(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    image = SimpleITK.GetImageFromArray(np.arange(108, dtype=np.uint8).reshape(3, 6, 6) % 3)
    made = path.with_name(f"made{image_suffix(path)}")
    SimpleITK.WriteImage(image, str(made))
    return made.rename(path)


@pytest.mark.parametrize("name", [*NAMELESS, ".seg.nrrd", ".dcm", ".DCM"])
def test_a_name_that_is_a_suffix_alone_is_no_case(name: str) -> None:
    with pytest.raises(ValueError, match=r"nothing stands before the suffix .* rename the file"):
        case_name(Path("folder") / name)


@pytest.mark.parametrize("name", NAMELESS)
@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_a_file_without_a_name_is_refused(
    run: Run, untrained: Path, tmp_path: Path, command: str, name: str
) -> None:
    image, out = put(tmp_path / "in" / name), tmp_path / "out"
    words = (out, "--model", untrained, "--device", "cpu") if command == "predict" else ()
    outcome = run(command, image, *words)
    assert outcome.exit_code == 2, outcome.output
    told = " ".join(outcome.output.split())
    assert f"error: {' '.join(name.split())}: nothing stands before the suffix" in told
    assert "rename the file, for instance to shoulder." in told
    assert not out.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in"]


@pytest.mark.parametrize("command", ["predict", "inspect"])
def test_a_dicom_file_without_a_name_is_refused(
    run: Run, untrained: Path, tmp_path: Path, command: str
) -> None:
    source = write_sources(tmp_path / "series", oblique_image())[0]
    shutil.copy(source, tmp_path / ".dcm")
    words = (tmp_path / "out", "--model", untrained) if command == "predict" else ()
    outcome = run(command, tmp_path / ".dcm", *words)
    assert outcome.exit_code == 2, outcome.output
    told = " ".join(outcome.output.split())
    assert "error: .dcm: nothing stands before the suffix" in told
    assert "PHANTOM-0003" not in told


@pytest.mark.parametrize("side", [0, 1])
def test_evaluate_refuses_it(run: Run, tmp_path: Path, side: int) -> None:
    files = [put(tmp_path / "a" / "k.nrrd"), put(tmp_path / "b" / "k.nrrd")]
    files[side] = put(tmp_path / "c" / ".nrrd")
    outcome = run("evaluate", *files)
    assert outcome.exit_code == 2, outcome.output
    assert ".nrrd: nothing stands before the suffix" in " ".join(outcome.output.split())


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("k,.mha", "row 1: .mha: nothing stands before the suffix"),
        ("k,", "row 1 names no reference; fill in its cell"),
    ],
)
def test_a_row_without_a_name_is_refused(run: Run, tmp_path: Path, row: str, told: str) -> None:
    put(tmp_path / "a" / "k.nrrd")
    put(tmp_path / "b" / "k.nrrd")
    (tmp_path / "rows.csv").write_text(row + "\n", encoding="utf-8")
    outcome = run("evaluate", tmp_path / "a", tmp_path / "b", "--pairs", tmp_path / "rows.csv")
    assert outcome.exit_code == 2, outcome.output
    assert told in " ".join(outcome.output.split())


@pytest.mark.parametrize(("images", "labels"), [("a/k.nrrd", "b/.nrrd"), ("b/.nrrd", "a/k.nrrd")])
def test_convert_pairs_refuses_it(run: Run, tmp_path: Path, images: str, labels: str) -> None:
    put(tmp_path / "a" / "k.nrrd")
    put(tmp_path / "b" / ".nrrd")
    words = (tmp_path / "raw", "--map", "1=humerus,2=glenoid")
    outcome = run("convert", "pairs", tmp_path / images, tmp_path / labels, *words)
    assert outcome.exit_code == 2, outcome.output
    kind = "label map" if images.startswith("a") else "image"
    told = " ".join(outcome.output.split())
    assert f"{kind} .nrrd: nothing stands before the suffix to call the case by" in told
    assert not (tmp_path / "raw").exists()
