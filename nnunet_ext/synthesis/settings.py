"""What the synthetic trainers are told by the environment, kept beside their checkpoints.

nnU-Net's command line has no options for this.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from shoulderseg.nnunet_ext.schedule import write_note
from shoulderseg.nnunet_ext.synthesis.variation import PLAIN_VIEW, Variation

SETTINGS_FILE = "synthesis.json"
PREFIX = "SHOULDERSEG_SYNTHESIS_"


@dataclass(frozen=True)
class SynthesisSettings:
    """How a training synthesises its images; each has an environment variable of its name.

    Attributes:
        rendered_share: Share of training images that come from nnU-Net's own loader, 0 to 1.
        random_contrast: Share of synthetic images with random intensities, 0 to 1; the others
            follow signal equations.
        field_of_view: 1 lets field of view, margins and surface coil vary, 0 does not.
        patch: Pixels on a side of training patches; 0 takes the plans'. Smaller ones make steps
            on a CPU shorter.
        least_patch: Pixels on a side of the smallest training patches; rows and columns of a
            step's patches are then drawn from this to `patch`. 0 gives all the same size.
        averaging: Decay of the averaged weights; 0 leaves the weights as they are.
        adam: 1 learns with AdamW instead of nnU-Net's SGD, for trainings of few steps; a learning
            rate of 0.0002 suits it.
        seed: Of all that is drawn for synthetic images.
    """

    rendered_share: float = 0.2
    random_contrast: float = 2 / 3
    field_of_view: float = 1
    patch: float = 0
    least_patch: float = 0
    averaging: float = 0.998
    adam: float = 0
    seed: float = 0

    def variation(self) -> Variation:
        """How far images vary under these settings."""
        variation = Variation()
        contrast = replace(variation.contrast, random_share=self.random_contrast)
        view = variation.view if self.field_of_view else PLAIN_VIEW
        return replace(variation, contrast=contrast, view=view)


def read_settings(begun: Path | None = None) -> SynthesisSettings:
    """Reads `SHOULDERSEG_SYNTHESIS_RENDERED_SHARE` and so on.

    Args:
        begun: Folder of a training that is to go on: it keeps what it began with.

    Returns:
        The settings; defaults where a variable is not set.

    Raises:
        ValueError: If a value is out of its range, or differs from what the training began with.
    """
    path = None if begun is None else begun / SETTINGS_FILE
    kept = json.loads(path.read_text()) if path is not None and path.is_file() else {}
    values = {}
    for known in fields(SynthesisSettings):
        variable = PREFIX + known.name.upper()
        text = os.environ.get(variable, "").strip()
        # A training that began before a setting was there began with its default.
        before = kept.get(known.name, known.default if kept else None)
        value = _number(variable, text) if text else before
        if before is not None and value != before:
            msg = (
                f"this training began with {variable}={before:g} and cannot go on with {value:g}; "
                f"leave it out, or remove {begun}"
            )
            raise ValueError(msg)
        if value is not None:
            values[known.name] = value
    return SynthesisSettings(**values)


def keep_settings(folder: Path, settings: SynthesisSettings) -> None:
    """Notes the settings of a training in its folder."""
    write_note(folder / SETTINGS_FILE, json.dumps(asdict(settings)) + "\n")


def _number(variable: str, text: str) -> float:
    """A number in the range that its variable has."""
    name = variable.removeprefix(PREFIX).lower()
    integer = name in ("field_of_view", "patch", "least_patch", "adam", "seed")
    high = math.inf if name in ("patch", "least_patch", "seed") else 1
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    whole = not integer or (math.isfinite(value) and value == int(value))
    below_one = name != "averaging" or value < 1
    if not (0 <= value <= high and math.isfinite(value) and whole and below_one):
        kind = "a whole number" if integer else "a number"
        limit = "of 0 or more" if high == math.inf else "from 0 to 1"
        msg = f"{variable} is {text!r}; expected {kind} {limit}"
        raise ValueError(msg)
    return value
