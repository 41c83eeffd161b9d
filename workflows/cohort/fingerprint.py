"""What the results of a case depend on: its images, and how they are segmented and written."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.bundles.manifest import sha256_of
from shoulderseg.workflows.segmentation.earlier_runs import input_digest

if TYPE_CHECKING:
    from shoulderseg.workflows.inputs.case_input import CaseInput
    from shoulderseg.workflows.outputs.plan import OutputPlan
    from shoulderseg.workflows.segmentation.settings import Settings

# Of what the run report says of a run, what changes results. The device does not count, nor what it
# computes with where that was left open: a run may go on where there is another.
_DESCRIBED = (
    *("model_sha256", "folds", "vote", "voters"),
    *("mirroring", "cropped", "three_planes", "slice_context", "refined", "examination"),
)
# Its voxels lie in another file, which only a reader finds.
_DETACHED = ".mhd"


def options_of(
    described: Mapping[str, Any], settings: Settings, plan: OutputPlan, extras: Mapping[str, Any]
) -> dict[str, Any]:
    """What results depend on beside the images, by names that messages can show.

    Args:
        described: what the run report says of the run.
        settings: how the bundle is used.
        plan: how results are written.
        extras: further options, such as whether bones are measured.

    Returns:
        Plain values, as a JSON file gives them back.
    """
    options = {
        "version": described["versions"]["shoulderseg"],
        **{name: described[name] for name in _DESCRIBED},
        "engine": settings.engine,
        "precision": settings.precision,
        "as_stored": settings.as_stored,
        "formats": sorted(form.value for form in plan.formats),
        "bids": plan.bids,
        **extras,
    }
    plain: dict[str, Any] = json.loads(json.dumps(options))
    return plain


def fingerprint(sources: Sequence[CaseInput]) -> str:
    """A hash of all that is read of the cases that are segmented together.

    Where the files lie does not count, nor do the names of DICOM files.

    Args:
        sources: the cases; several of one examination.

    Returns:
        64 hexadecimal digits; empty where an image cannot be read, which is told when it is read to
        be segmented.
    """
    return combined(origins_of(sources))


def combined(origins: Mapping[str, tuple[str, str]]) -> str:
    """`fingerprint` of cases of which each was hashed already.

    Args:
        origins: of `origins_of`.
    """
    images = [image for image, _ in origins.values()]
    if len(images) == 1 or not all(images):
        return images[0] if all(images) else ""
    return hashlib.sha256(json.dumps(images).encode()).hexdigest()


def origins_of(sources: Sequence[CaseInput]) -> dict[str, tuple[str, str]]:
    """What tells images from others of the same names: hashes of each image, and of its place.

    Args:
        sources: the cases; several of one examination.
    """
    return {source.name: (_hash_of(source), input_digest(source.place)) for source in sources}


def _hash_of(source: CaseInput) -> str:
    """Hash of an image; empty where it cannot be read."""
    # Messages of readers name files, and archives name these after patients.
    with contextlib.suppress(Exception):
        files = source.source_files or (source.path,)
        told = [source.name, *map(sha256_of, files), list(source.source_frames)]
        if source.path.suffix.lower() == _DETACHED:
            told.append(hashlib.sha256(source.load().array.tobytes()).hexdigest())
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()
    return ""
