"""How much a bundle may unpack, and what damaged archives end in."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from shoulderseg.workflows.bundles.limits import Limits
from shoulderseg.workflows.bundles.unpack import copy_folder, unpack_zip
from tests.zip_files import zipped


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
