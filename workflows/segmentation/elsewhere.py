"""A bundle whose networks are loaded by the workers of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from shoulderseg.workflows.segmentation.options import Options, settings_on
from shoulderseg.workflows.segmentation.segmenter import Segmenter

if TYPE_CHECKING:
    from shoulderseg.datasets.volume import Volume
    from shoulderseg.workflows.segmentation.segment import OnProgress, Segment
    from shoulderseg.workflows.segmentation.settings import Settings


class SegmenterElsewhere(Segmenter):
    """Knows a bundle for a run whose cases others segment; needs no device and loads no network.

    A copy in another process is a `Segmenter`.
    """

    @property
    def elsewhere(self) -> bool:
        """Whether others segment, with settings of their own for what was left open."""
        return True

    def _settings_of(self, options: Options) -> Settings:
        return settings_on(options, options.device)

    def _prepare(self) -> Segment:
        return _refuse


def _refuse(volume: Volume, on_progress: OnProgress | None = None) -> NoReturn:
    msg = "the workers of the cluster segment, not this process"
    raise RuntimeError(msg)
