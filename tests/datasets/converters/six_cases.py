"""Six cases of three patients that tell which of them were loaded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from shoulderseg.datasets.converters.source import Labelled, SourceCase
from shoulderseg.datasets.nnunet_raw import DatasetSpec
from shoulderseg.datasets.volume import Volume

if TYPE_CHECKING:
    from collections.abc import Callable

SPEC = DatasetSpec(7, "Shoulder")
NAMES = [f"{patient}_{side}" for patient in ("s1", "s2", "s3") for side in ("left", "right")]


class SixCases:
    """Six cases of three patients; remembers which were loaded."""

    def __init__(self, folder: Path, oblique: Volume) -> None:
        self.folder, self.oblique = folder, oblique
        self.loaded: list[str] = []
        self.faults: dict[str, BaseException] = {}
        self.undrawn: dict[str, list[int]] = {}
        folder.mkdir()
        for name in NAMES:
            (folder / name).write_text(name)

    def cases(self) -> list[SourceCase]:
        return [
            SourceCase(name, name[:2], f"{name} here", (self.folder / name,), self._loader(name))
            for name in NAMES
        ]

    def image(self, name: str) -> Volume:
        return replace(self.oblique, array=self.oblique.array + NAMES.index(name))

    def _loader(self, name: str) -> Callable[[], Labelled]:
        def load() -> Labelled:
            self.loaded.append(name)
            if name in self.faults:
                raise self.faults[name]
            labels = np.zeros(self.oblique.array.shape, np.uint8)
            labels[1, 2:4, 3 : 4 + NAMES.index(name)] = 1
            labels[3, 5, 1:3] = 2
            labels[np.isin(labels, self.undrawn.get(name, []))] = 0
            return Labelled(self.image(name), labels)

        return load
