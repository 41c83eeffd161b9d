"""Phantoms for `cohort.py`, some of them damaged."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from shoulderseg.datasets.phantom.case import make_case
from shoulderseg.datasets.phantom.options import PhantomOptions
from shoulderseg.datasets.writer import write_image

SEED = 4200


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _header(place: int, content: bytes) -> Callable[[bytes], bytes]:
    """Other bytes in the NIfTI header, which begins with 348."""

    def spoil(file: bytes) -> bytes:
        plain = gzip.decompress(file)
        return gzip.compress(plain[:place] + content + plain[place + len(content) :])

    return spoil


def _voxels(value: float) -> Callable[[bytes], bytes]:
    return lambda file: gzip.compress(
        gzip.decompress(file)[:-4] + np.array(value, np.float32).tobytes()
    )


# NIfTI-1: sizes at 40, type of voxels at 70, their bits at 72, spacing at 80, axes at 280.
DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut off": _cut,
    "empty": lambda _: b"",
    "text": lambda _: b"no image\n" * 50,
    "not packed whole": lambda file: file[:-8] + bytes(8),
    "NaN": _voxels(float("nan")),
    "infinite": _voxels(float("inf")),
    "more slices than there are": _header(46, np.array([900], np.int16).tobytes()),
    "complex voxels": _header(70, np.array([32, 64], np.int16).tobytes()),
    "no size of its header": _header(0, np.array([7], np.int32).tobytes()),
    "skewed axes": _header(280, np.array([1, 1, 0, 0, 0, 1], np.float32).tobytes()),
}


def make_images(folder: Path, cases: int) -> list[str]:
    """Makes phantoms, each tenth of them damaged.

    Args:
        folder: a new one.
        cases: how many.

    Returns:
        Names of the damaged files.
    """
    folder.mkdir()
    bad = []
    for number in range(cases):
        rng = np.random.default_rng(SEED + number)
        case = make_case(PhantomOptions(shape=(4, 96, 96)), rng)
        path = folder / f"case_{number:04d}.nii.gz"
        image = case.image
        write_image(path, replace(image, array=image.array.astype(np.float32)))
        if number % 10 == 5:
            kind = list(DAMAGE)[number // 10 % len(DAMAGE)]
            path.write_bytes(DAMAGE[kind](path.read_bytes()))
            bad.append(path.name)
    return bad
