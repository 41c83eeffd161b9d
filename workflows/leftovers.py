"""What killed runs leave behind: the next one removes it."""

from __future__ import annotations


def sweep_temporary() -> None:
    """Removes temporary folders of dead processes: images out of zip files, single slices."""
    from shoulderseg.datasets.temporary_folder import sweep_temporary_folders

    sweep_temporary_folders()
