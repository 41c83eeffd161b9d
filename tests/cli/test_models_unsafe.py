"""Archives from outside that must not get into the store."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.refused_import import refused
from tests.zip_files import link_entry, zipped

if TYPE_CHECKING:
    from tests.cli.conftest import Run

Change = Callable[[zipfile.ZipFile], None]


def many(archive: zipfile.ZipFile) -> None:
    for number in range(200):
        archive.writestr(f"{number}.json", "{}")


# What is added to a sound archive, and a word of the reason.
EVIL: dict[str, tuple[Change, str]] = {
    "parent": (lambda z: z.writestr("../evil.json", "{}"), "plain file names"),
    "deep parent": (lambda z: z.writestr("a/../../evil.json", "{}"), "plain file names"),
    "absolute": (lambda z: z.writestr("/evil.json", "{}"), "plain file names"),
    "drive": (lambda z: z.writestr("C:/evil.json", "{}"), "plain file names"),
    "drive file": (lambda z: z.writestr("C:evil.json", "{}"), "no place in a bundle"),
    "backslash": (lambda z: z.writestr("..\\evil.json", "{}"), "no place in a bundle"),
    "link": (lambda z: z.writestr(link_entry("evil.json"), "/etc/passwd"), "a link"),
    "kind": (lambda z: z.writestr("evil.pkl", "x"), "no place in a bundle"),
    "hidden": (lambda z: z.writestr(".evil.json", "x"), "no place in a bundle"),
    "two folders": (lambda z: z.writestr("more/evil.json", "{}"), "in one folder"),
    "two levels": (lambda z: z.writestr("more/and/evil.json", "{}"), "plain file names"),
    "twice in other case": (lambda z: z.writestr("PLANS.json", "{}"), "twice"),
    "method": (lambda z: z.writestr("evil.json", "{}", zipfile.ZIP_BZIP2), "packed by method"),
    "many": (many, "200 at most"),
    "bomb": (
        lambda z: z.writestr("evil.json", bytes(3 * 2**20), zipfile.ZIP_DEFLATED),
        "100 times",
    ),
}


@pytest.mark.parametrize("kind", EVIL)
def test_evil_entries(run: Run, store: Path, untrained: Path, tmp_path: Path, kind: str) -> None:
    change, reason = EVIL[kind]
    archive = zipped(untrained, tmp_path / "a.zip")
    with zipfile.ZipFile(archive, "a") as content:
        change(content)
    assert reason in refused(run, store, archive)
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_the_same_name_twice(run: Run, store: Path, untrained: Path, tmp_path: Path) -> None:
    archive = zipped(untrained, tmp_path / "a.zip")
    with zipfile.ZipFile(archive, "a") as content:
        content.write(untrained / "plans.json", "plans.json")
    assert "twice" in refused(run, store, archive)


def patched(archive: Path, signature: bytes, offset: int, value: bytes) -> None:
    """Changes a field of the last header that has the signature."""
    content = bytearray(archive.read_bytes())
    start = content.rindex(signature) + offset
    content[start : start + len(value)] = value
    archive.write_bytes(content)


def test_an_encrypted_entry(run: Run, store: Path, untrained: Path, tmp_path: Path) -> None:
    archive = zipped(untrained, tmp_path / "a.zip")
    patched(archive, b"PK\x01\x02", 8, b"\x01\x00")
    assert "encrypted" in refused(run, store, archive)


def test_a_bomb_among_much_else(run: Run, store: Path, tmp_path: Path) -> None:
    """The archive as a whole grows 20 times only."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("filler.txt", random.Random(0).randbytes(2**18))
        content.writestr("plans.json", bytes(5 * 2**20), zipfile.ZIP_DEFLATED)
    assert "plans.json of a.zip unpacks to more" in refused(run, store, archive)


def test_a_bomb_in_many_small_parts(run: Run, store: Path, tmp_path: Path) -> None:
    """Each is too small to matter."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        for number in range(50):
            content.writestr(f"{number}.json", bytes(2**19))
    assert "error: a.zip unpacks to more" in refused(run, store, archive)


def test_a_bomb_that_lies_about_its_packed_size(run: Run, store: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("filler.txt", random.Random(0).randbytes(2**17))
        content.writestr("plans.json", bytes(30 * 2**20), zipfile.ZIP_DEFLATED)
    # Claims that 30 MiB are packed into 30 MiB. Newer versions of zipfile find that out.
    patched(archive, b"PK\x01\x02", 20, (30 * 2**20).to_bytes(4, "little"))
    reason = refused(run, store, archive)
    assert "100 times" in reason or "not a sound zip file" in reason


def test_a_file_larger_than_it_claims(run: Run, store: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as content:
        content.writestr("plans.json", bytes(30 * 2**20))
    patched(archive, b"PK\x01\x02", 24, (10).to_bytes(4, "little"))
    assert "not a sound zip file" in refused(run, store, archive)


def test_a_huge_table_of_contents(run: Run, store: Path, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as content:
        for number in range(20000):
            content.writestr(f"{number}.json", "")
    assert "table of contents" in refused(run, store, archive)


def test_a_truncated_archive(run: Run, store: Path, untrained: Path, tmp_path: Path) -> None:
    archive = zipped(untrained, tmp_path / "a.zip")
    archive.write_bytes(archive.read_bytes()[:-30])
    assert "not a sound zip file" in refused(run, store, archive)
