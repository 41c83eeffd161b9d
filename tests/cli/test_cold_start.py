"""What `predict` imports, since a user without a GPU waits for it."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import SimpleITK

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import sys
from shoulderseg.cli.app import run
sys.argv = ["shoulderseg", "predict", *sys.argv[1:]]
try:
    run()
finally:
    heavy = ("torch", "nnunetv2", "batchgenerators", "skimage", "matplotlib", "distributed")
    print("imported", [name for name in heavy if name in sys.modules])
"""


def test_a_cpu_needs_neither_torch_nor_nnunet(untrained: Path, tmp_path: Path) -> None:
    image = tmp_path / "a.nii.gz"
    values = np.random.default_rng(0).normal(100, 20, (3, 24, 20)).astype(np.float32)
    SimpleITK.WriteImage(SimpleITK.GetImageFromArray(values), str(image))
    words = [sys.executable, "-c", CODE, str(image), str(tmp_path / "out"), "--device", "cpu"]
    done = subprocess.run(
        [*words, "--model", str(untrained), "--format", "nii.gz"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "imported []" in done.stdout
    assert len(list((tmp_path / "out").glob("*.nii.gz"))) == 1
