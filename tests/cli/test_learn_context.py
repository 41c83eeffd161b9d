"""With untrained U-Nets, whose answers follow the image, so that there is something to learn."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
from safetensors.torch import save_file

from shoulderseg.refine.slice_context import ContextConfig, SliceContext
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.manifest import put_file
from tests.cli.two_discs import put_discs

if TYPE_CHECKING:
    import numpy.typing as npt

    from tests.cli.conftest import Run

    Labels = npt.NDArray[np.uint8]

FILE = "slice_context.safetensors"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle, and five images of two discs with their label maps."""
    put_discs(tmp_path, 4)
    return tmp_path


def learn(run: Run, folder: Path, *more: object, code: int = 0) -> str:
    words = [folder / name for name in ("bundle", "images", "labels")]
    outcome = run("learn-context", *words, "--device", "cpu", *more)
    assert outcome.exit_code == code, outcome.output
    return " ".join(outcome.output.split())


def segment(run: Run, folder: Path, out: str, *more: object) -> tuple[Labels, dict[str, object]]:
    words = [folder / "images", folder / out, "--model", folder / "bundle", "--device", "cpu"]
    outcome = run("predict", *words, *more)
    assert outcome.exit_code == 0, outcome.output
    report = json.loads((folder / out / "shoulderseg_report.json").read_text())
    return SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(folder / out / "c0.nii.gz")), report


def test_predict_uses_what_was_learned_unless_told_otherwise(run: Run, folder: Path) -> None:
    before, report = segment(run, folder, "before")
    assert report["slice_context"] is False
    outcome = run("calibrate", *(folder / n for n in ("bundle", "images", "labels")))
    assert outcome.exit_code == 0, outcome.output
    output = learn(run, folder, "--steps", 80)
    assert "judged by 2 images of patients that it did not learn from" in output
    assert "humerus: Dice" in output
    assert "run `shoulderseg calibrate` for predicted Dice" in output
    # The calibration was of other results.
    assert not (folder / "bundle" / "quality.json").exists()
    bundle = read_bundle(folder / "bundle")
    assert bundle.context is not None
    assert 0 < bundle.context.share <= 1
    after, report = segment(run, folder, "after")
    assert report["slice_context"] is True
    truth = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(folder / "labels" / "c0.nii.gz"))
    assert (after != truth).sum() < 0.5 * (before != truth).sum()
    without, report = segment(run, folder, "without", "--no-slice-context")
    assert report["slice_context"] is False
    np.testing.assert_array_equal(without, before)


def test_what_does_not_help_is_not_kept(run: Run, folder: Path) -> None:
    before = sorted(path.name for path in (folder / "bundle").iterdir())
    # A step of a network that begins by changing nothing changes nothing worth having.
    output = learn(run, folder, "--steps", 1)
    assert "it does not help these patients, so that the bundle does without" in output
    assert sorted(path.name for path in (folder / "bundle").iterdir()) == before


def test_images_that_cannot_be_used_are_named_and_the_others_go_on(run: Run, folder: Path) -> None:
    (folder / "images" / "c1.nii.gz").write_bytes(b"no image")
    label_map = SimpleITK.ReadImage(folder / "labels" / "c2.nii.gz")
    SimpleITK.WriteImage(label_map + 1, folder / "labels" / "c2.nii.gz")
    output = learn(run, folder, "--steps", 1, code=1)
    assert "left out: c1.nii.gz" in output
    assert "left out: c2.nii.gz holds" in output
    assert "judged by 1 images" in output


def test_patients_are_not_on_both_sides(run: Run, folder: Path) -> None:
    output = learn(run, folder, "--steps", 1, "--patient-pattern", "(c)", code=2)
    assert "5 of them of one patient" in output


def test_all_images_of_a_patient_judge_or_teach(run: Run, folder: Path) -> None:
    # Three of patient a, who is the first and judges, and two of each of two others.
    names = ("a0", "a1", "a2", "b0", "b1", "d0", "d1")
    for kind in ("images", "labels"):
        made = sorted((folder / kind).iterdir())
        for number, name in enumerate(names):
            shutil.copyfile(made[number % 5], folder / kind / f"{name}.nii.gz")
        for path in made:
            path.unlink()
    output = learn(run, folder, "--steps", 1, "--patient-pattern", r"([abd])\d")
    assert "judged by 3 images of patients that it did not learn from" in output


def test_a_slice_context_that_is_asked_for_and_not_there_is_told(run: Run, folder: Path) -> None:
    words = [folder / "images", folder / "out", "--model", folder / "bundle"]
    outcome = run("predict", *words, "--slice-context")
    assert outcome.exit_code == 3
    assert "the bundle has no slice context; make one with `shoulderseg learn-context`" in " ".join(
        outcome.output.split()
    )


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (None, "'slice_context'"),
        ("{", "Expecting property name"),
        ('{"config": {"voters": 3, "channels": 1000, "levels": 2}, "share": 1}', "from 1 to 64"),
        ('{"config": {"voters": 3, "channels": 9, "levels": 2}, "share": 1}', "do not fit"),
        ('{"config": {"voters": 2, "channels": 8, "levels": 2}, "share": 1}', "it has 2 voters"),
        ('{"config": {"voters": 3, "channels": 8, "levels": 2}, "share": 2}', "the share 2"),
        ('{"config": {"voters": 3, "channels": 8, "levels": 2}, "share": NaN}', "the share nan"),
        (f'{{"config": {{}}, "share": 1{"0" * 400}}}', "too large"),
        ("[" * 100_000, "not a slice context"),
    ],
)
def test_files_from_outside_are_checked(folder: Path, head: str | None, told: str) -> None:
    weights = SliceContext(ContextConfig()).state_dict()
    metadata = None if head is None else {"slice_context": head}
    put_file(folder / "bundle", FILE, lambda path: save_file(weights, path, metadata=metadata))
    with pytest.raises(ValueError, match=f"{FILE}: not a slice context: .*") as caught:
        read_bundle(folder / "bundle")
    assert told in str(caught.value)


def test_a_pickle_under_its_name_is_refused(folder: Path) -> None:
    def pickled(path: Path) -> None:
        path.write_bytes(pickle.dumps({"out.bias": 1}))

    put_file(folder / "bundle", FILE, pickled)
    with pytest.raises(ValueError, match=f"{FILE}: not a readable safetensors file"):
        read_bundle(folder / "bundle")
