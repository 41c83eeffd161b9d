"""What a folder holds, and under which names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shoulderseg.datasets.dicom.walk import Walk, walk_files
from shoulderseg.workflows.inputs.discover import find_inputs
from tests.datasets.dicom.writing import series, write

SYSTEM = ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found"]


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of the patient Muster may not be read, also where the tests may read all."""
    real = Path.open

    def locked(path: Path, mode: str = "r", *more: Any) -> Any:  # noqa: ANN401
        if "Muster" in path.name and "w" not in mode:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, mode, *more)

    monkeypatch.setattr(Path, "open", locked)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("name", ["Muster.dcm", "MusterMax.DCM", "Muster"])
@pytest.mark.parametrize("alone", [False, True])
def test_dicom_that_cannot_be_opened_gives_no_name(
    tmp_path: Path, name: str, *, alone: bool
) -> None:
    (tmp_path / name).write_bytes(b"")
    found = find_inputs(tmp_path / name if alone and "." in name else tmp_path)
    assert found.cases == ()
    [told] = found.skipped
    assert (told.name, told.refused) == ("dicom_file_1", True)
    assert told.reason == "file cannot be opened (Permission denied)."
    assert found.ignored == ()


@pytest.mark.usefixtures("closed")
def test_another_image_that_cannot_be_opened_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "Muster.nii.gz").write_bytes(b"")
    found = find_inputs(tmp_path)
    assert [case.name for case in found.cases] == ["Muster"]
    assert found.skipped == ()


@pytest.mark.parametrize("other", [*SYSTEM, "Thumbs.db", ".DS_Store"])
def test_what_systems_put_beside_a_folder_is_no_input(tmp_path: Path, other: str) -> None:
    image = tmp_path / "from the mac/shoulder.nii.gz"
    image.parent.mkdir()
    image.touch()
    beside = tmp_path / other
    if "." in other and other not in SYSTEM:
        beside.touch()
    else:
        write(beside, series(1)[:3])
    found = find_inputs(tmp_path)
    assert [case.name for case in found.cases] == ["shoulder"]
    assert found.skipped == ()


def test_what_systems_put_below_a_folder_is_no_input(tmp_path: Path) -> None:
    (kept,) = write(tmp_path / "series", series()[:1])
    for other in SYSTEM:
        write(tmp_path / "series" / other, series(1)[:1])
    assert list(walk_files(tmp_path, Walk())) == [kept]
    # Whoever gives such a folder means it.
    assert len(list(walk_files(tmp_path / "series/lost+found", Walk()))) == 1
