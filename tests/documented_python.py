"""Runs the Python examples of README and docs/python-api.md as they stand.

`make docs-run` calls it for the folder of its inputs: `python -m tests.documented_python FOLDER`.
The mask of the README's example has to be that of `shoulderseg predict`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from pydicom.data import get_testdata_file

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "python-api.md")


def examples(page: Path) -> list[str]:
    """The Python blocks of a page."""
    return re.findall(r"(?ms)^```python\n(.*?)^```", page.read_text(encoding="utf-8"))


def main() -> None:
    """Runs the examples of each page in one go, as a reader would."""
    os.chdir(sys.argv[1])
    for page in PAGES:
        found = examples(page)
        assert found, f"{page.name} has no Python example"
        known: dict[str, object] = {}
        for example in found:
            print(example, flush=True)
            exec(compile(example, page.name, "exec"), known)
    _compare_with_predict(Path("out"))


def _compare_with_predict(out: Path) -> None:
    """Sees that the example's mask is the one of the command."""
    from shoulderseg.datasets.reader import read_label_map

    slice_file = get_testdata_file("MR2_UNCR.dcm", download=False)
    command = [Path(sys.executable).with_name("shoulderseg"), "predict", slice_file, "by-command"]
    subprocess.run([str(word) for word in command], check=True)
    masks = [
        read_label_map(folder / "MR2_UNCR.nii.gz").array for folder in (out, Path("by-command"))
    ]
    assert masks[0].any()
    np.testing.assert_array_equal(masks[0], masks[1])
    print(f"the same mask, {np.count_nonzero(masks[0])} voxels")


if __name__ == "__main__":
    main()
