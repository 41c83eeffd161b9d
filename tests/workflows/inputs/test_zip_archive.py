"""How much a zip file of images may unpack."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from shoulderseg.workflows.bundles.limits import Limits
from shoulderseg.workflows.inputs.zip_archive import unpack_images
from tests.zip_files import packed

LIMITS = Limits(entries=3, size=5000, ratio=10, ratio_from=100, of="a zip file of images")


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ([(f"{k}", b"x") for k in range(4)], "holds 4 entries"),
        ([("a", os.urandom(3000)), ("b", os.urandom(3000))], "more than the 5000 bytes"),
        ([("a", bytes(4000))], "more than 10 times its size"),
    ],
)
def test_limits_hold_on_what_is_written(
    tmp_path: Path, entries: list[tuple[str, bytes]], reason: str
) -> None:
    archive = packed(tmp_path / "in.zip", *entries)
    target = tmp_path / "target"
    target.mkdir()
    with pytest.raises(ValueError, match=reason):
        unpack_images(archive, target, LIMITS)
    assert sum(path.stat().st_size for path in target.rglob("*")) <= LIMITS.size
