"""Bundles from outside that must not get into the store."""

from __future__ import annotations

import json
import os
import random
import shutil
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import SimpleITK
import torch

from shoulderseg.workflows.bundles.limits import Limits
from shoulderseg.workflows.bundles.manifest import MANIFEST, put_file, sha256_of
from shoulderseg.workflows.bundles.unpack import copy_folder, unpack_zip

if TYPE_CHECKING:
    from tests.cli.conftest import Run
    from tests.conftest import PayloadMaker

Change = Callable[[zipfile.ZipFile], None]


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


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
    "link": (lambda z: z.writestr(link("evil.json"), "/etc/passwd"), "a link"),
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


def zipped(folder: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as content:
        for path in sorted(folder.iterdir()):
            content.write(path, path.name)
    return archive


def refused(run: Run, store: Path, source: Path) -> str:
    """The reason; nothing may have been kept."""
    outcome = run("models", "import", source)
    assert outcome.exit_code == 2, outcome.output
    assert isinstance(outcome.exception, SystemExit)
    left = [path.name for path in store.iterdir()] if store.exists() else []
    assert set(left) <= {".lock"}
    return " ".join(outcome.output.split())


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


def test_more_bytes_than_a_bundle_may_have(untrained: Path, tmp_path: Path) -> None:
    archive = zipped(untrained, tmp_path / "a.zip")
    size = sum(path.stat().st_size for path in untrained.iterdir())
    for number, unpack in enumerate((unpack_zip, copy_folder)):
        source = archive if unpack is unpack_zip else untrained
        for limit in (size, size - 1):
            out = tmp_path / f"{number}-{limit}"
            out.mkdir()
            if limit == size:
                unpack(source, out, Limits(size=limit))
                assert {path.name for path in out.iterdir()} == {
                    path.name for path in untrained.iterdir()
                }
            else:
                with pytest.raises(ValueError, match=f"more than the {limit} bytes"):
                    unpack(source, out, Limits(size=limit))


def test_a_truncated_archive(run: Run, store: Path, untrained: Path, tmp_path: Path) -> None:
    archive = zipped(untrained, tmp_path / "a.zip")
    archive.write_bytes(archive.read_bytes()[:-30])
    assert "not a sound zip file" in refused(run, store, archive)


def test_damaged_archives_end_in_an_error_that_is_reported(untrained: Path, tmp_path: Path) -> None:
    whole = zipped(untrained, tmp_path / "a.zip").read_bytes()
    draw = random.Random(0)
    broken = tmp_path / "b.zip"
    failures = 0
    for number in range(300):
        content = bytearray(whole)
        for _ in range(4):
            # Mostly where the headers are.
            content[-draw.randrange(1, 700)] = draw.randrange(256)
        broken.write_bytes(content)
        out = tmp_path / str(number)
        out.mkdir()
        try:
            unpack_zip(broken, out)
        except (ValueError, OSError):
            failures += 1
    assert failures > 200


def with_evil_weights(folder: Path, evil: object, *, honest: bool) -> None:
    torch.save(evil, folder / "whole_fold_0.safetensors")
    if honest:
        manifest = json.loads((folder / MANIFEST).read_text())
        manifest["files"]["whole_fold_0.safetensors"] = sha256_of(
            folder / "whole_fold_0.safetensors"
        )
        (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize("honest", [True, False])
def test_a_pickle_under_the_name_of_weights(
    run: Run,
    store: Path,
    untrained: Path,
    tmp_path: Path,
    payload: PayloadMaker,
    honest: bool,
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)
    with_evil_weights(folder, {"evil": payload(tmp_path / "ran")}, honest=honest)
    for source in (folder, zipped(folder, tmp_path / "a.zip")):
        reason = refused(run, store, source)
        assert "whole_fold_0.safetensors" in reason
        assert ("safetensors file" if honest else "not the file that was") in reason
    assert not (tmp_path / "ran").exists()


def test_plans_that_name_code_of_others(
    run: Run, store: Path, untrained: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)
    plans = (folder / "plans.json").read_text().replace("torch.nn.LeakyReLU", "os.system")
    (folder / "plans.json").write_text(plans)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"]["plans.json"] = sha256_of(folder / "plans.json")
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert "os.system" in refused(run, store, folder)


@pytest.mark.parametrize("name", [MANIFEST, "plans.json", "dataset.json", "quality.json"])
def test_json_that_is_too_deep_to_read(
    run: Run, store: Path, untrained: Path, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)

    def write(path: Path) -> None:
        path.write_text("[" * 200000)

    if name == MANIFEST:
        write(folder / name)
    else:
        put_file(folder, name, write)
    assert name in refused(run, store, folder)
    image = SimpleITK.GetImageFromArray(np.zeros((2, 8, 8), np.float32))
    SimpleITK.WriteImage(image, str(tmp_path / "image.nii.gz"))
    used = run("predict", tmp_path / "image.nii.gz", tmp_path / "out", "--model", folder)
    assert used.exit_code == 3
    assert name in used.output


@pytest.mark.parametrize("what", ["link", "folder", "pipe", "pickle"])
def test_folders_with_what_no_bundle_holds(
    run: Run, store: Path, untrained: Path, tmp_path: Path, what: str
) -> None:
    folder = tmp_path / "a"
    shutil.copytree(untrained, folder)
    if what == "link":
        (folder / "more.json").symlink_to("/etc/hostname")
    elif what == "folder":
        (folder / "more.json").mkdir()
    elif what == "pipe":
        os.mkfifo(folder / "more.json")
    else:
        (folder / "more.pkl").touch()
    assert "more." in refused(run, store, folder)


def test_neither_an_archive_nor_a_bundle(run: Run, store: Path, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("no zip")
    (tmp_path / "b").mkdir()
    assert "not a sound zip file" in refused(run, store, tmp_path / "a.zip")
    assert "bundle.json" in refused(run, store, tmp_path / "b")
    assert "does not exist" in refused(run, store, tmp_path / "c")
