"""Files come into a folder whole, and through no link that somebody has put there."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from shoulderseg.datasets.csv_file import write_csv
from shoulderseg.datasets.nnunet_raw import write_json
from shoulderseg.datasets.output_file import (
    copy_file,
    make_folder,
    refuse_links,
    replaced_file,
    write_text,
)
from shoulderseg.datasets.writer import write_image
from tests.datasets.oblique_case import oblique_image


def test_replaced_file_appears_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    def fail() -> None:
        with replaced_file(path) as part:
            part.write_text("half")
            assert not path.exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_replaced_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    flushed: list[tuple[int, bool]] = []

    def watched(number: int) -> None:
        told = os.fstat(number)
        flushed.append((-1 if stat.S_ISDIR(told.st_mode) else told.st_size, path.exists()))

    monkeypatch.setattr("os.fsync", watched)
    with replaced_file(path) as part:
        part.write_text("whole")
    # Then the folder, in which the name stands.
    assert flushed == [(len("whole"), False), (-1, True)]
    assert path.read_text() == "whole"


WRITERS: dict[str, Callable[[Path], None]] = {
    "notes.txt": partial(write_text, text="x"),
    "table.csv": partial(write_csv, rows=[["a", 1]]),
    "list.json": partial(write_json, content=[1]),
    "copy.bin": lambda path: copy_file(Path(__file__), path),
    "image.nii.gz": partial(write_image, volume=oblique_image()),
    "image.nii": partial(write_image, volume=oblique_image()),
    "image.mha": partial(write_image, volume=oblique_image()),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("there", [True, False])
def test_a_link_under_the_final_name_is_replaced(tmp_path: Path, name: str, there: bool) -> None:
    victim, path = tmp_path / "theirs" / "diary", tmp_path / "out" / name
    victim.parent.mkdir()
    path.parent.mkdir()
    if there:
        victim.write_text("mine alone")
    path.symlink_to(Path("..") / "theirs" / "diary")
    WRITERS[name](path)
    assert path.is_file()
    assert not path.is_symlink()
    assert victim.exists() is there
    assert not there or victim.read_text() == "mine alone"
    assert [entry.name for entry in path.parent.iterdir()] == [name]


def test_an_open_stream_is_written_to() -> None:
    """As in `evaluate --csv /dev/stdout`, or `>(...)` of a shell."""
    reading, writing = os.pipe()
    write_text(Path(f"/dev/fd/{writing}"), "a,b\n")
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        assert stream.read() == "a,b\n"


def test_errors_name_the_file_and_not_the_temporary_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_text(tmp_path / "none" / "a.txt", "x")
    assert caught.value.filename == str(tmp_path / "none" / "a.txt")
    (tmp_path / "b.txt").mkdir()
    with pytest.raises(IsADirectoryError) as blocked:
        write_text(tmp_path / "b.txt", "x")
    assert str(blocked.value) == f"[Errno 21] Is a directory: '{tmp_path / 'b.txt'}'"
    with pytest.raises(FileNotFoundError) as missing:
        copy_file(tmp_path / "no source", tmp_path / "c.txt")
    assert missing.value.filename == str(tmp_path / "no source")


@pytest.mark.parametrize("link", ["p1", "p1/s2", "p1/s2/t3"])
def test_a_folder_that_is_a_link_is_refused(tmp_path: Path, link: str) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    other.mkdir()
    (out / link).parent.mkdir(parents=True)
    (out / link).symlink_to(other)
    with pytest.raises(ValueError, match=f"^{link} in the folder of the output is a link, expec"):
        make_folder(out / "p1" / "s2" / "t3", out)
    assert list(other.iterdir()) == []
    refuse_links(out / "q1" / "s2", out)


def test_the_folder_that_the_user_named_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    out = tmp_path / "out"
    out.symlink_to("disk")
    make_folder(out / "a" / "b", out)
    assert (tmp_path / "disk" / "a" / "b").is_dir()


def test_a_file_for_few_eyes_stays_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "first", private=True)
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o640)
    write_text(path, "second")
    assert path.stat().st_mode & 0o777 == 0o640
