"""No text from a file is obeyed by a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st

from shoulderseg.datasets.printable import one_line
from tests.datasets.dicom.writing import series, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Run

HOSTILE = "a\x1b]0;title\x07\x1b[2Jb\u202ec\x85"


@given(st.text())
def test_a_line_stays_one(text: str) -> None:
    shown = one_line(text)
    assert shown.splitlines() in ([shown], [])
    assert not any(sign < " " or "\x7f" <= sign < "\xa0" for sign in shown)
    if text.isalnum():
        assert shown == text


def test_other_scripts_are_shown_as_they_are() -> None:
    for text in ("Schulter süß", "肩関節", "لن\u200cس", "כתף", "12 ± 3 mm"):
        assert one_line(text) == text


@pytest.mark.parametrize("command", ["inspect", "predict"])
def test_descriptions_and_names_of_files(
    run: Run, untrained: Path, tmp_path: Path, command: str
) -> None:
    write(
        tmp_path / "in" / "s", series(SpecificCharacterSet="ISO_IR 192", SeriesDescription=HOSTILE)
    )
    image = SimpleITK.GetImageFromArray(np.eye(32, dtype=np.float32)[None])
    plain = tmp_path / "plain.nii.gz"
    SimpleITK.WriteImage(image, str(plain))
    plain.rename(tmp_path / "in" / f"{HOSTILE}\nuse forged.nii.gz")
    (tmp_path / "in" / f"{HOSTILE}\nuse forged.nrrd").write_text("no image")
    words = [command, tmp_path / "in"]
    if command == "predict":
        words += [tmp_path / "out", "--model", untrained, "--device", "cpu"]
    outcome = run(*words)
    told = outcome.stdout + outcome.stderr
    assert "forged" in told
    assert not any(sign in told for sign in "\x1b\x07\u202e\x85")
    assert not any(line.startswith("use forged") for line in told.splitlines())
    if command == "predict":
        names = "".join(path.name for path in (tmp_path / "out").rglob("*"))
        assert names.isprintable()


def test_an_error_is_one_line(run: Run, tmp_path: Path) -> None:
    outcome = run("inspect", tmp_path / "no\nerror: forged\x1b[2J")
    assert outcome.exit_code == 2
    (line,) = outcome.stderr.splitlines()
    assert r"no\nerror: forged\x1b[2J" in line
