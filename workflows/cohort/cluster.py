"""A Dask cluster: one that runs already, or worker processes on this machine."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shoulderseg.workflows.errors import BrokenEnvironmentError, reason_of

if TYPE_CHECKING:
    from distributed import Client, SpecCluster

INSTALL = "pip install 'shoulderseg[cluster]'"


@dataclass(frozen=True)
class Where:
    """Which cluster works.

    Attributes:
        scheduler: address of its scheduler, or the scheduler's file; empty to start one here.
        workers: how many processes work then.
    """

    scheduler: str = ""
    workers: int = 0


@dataclass(frozen=True)
class Crew:
    """A cluster that is there.

    Attributes:
        client: what it is talked to by.
        local: the cluster itself, if it was started here.
    """

    client: Client
    local: SpecCluster | None = None

    def stop(self) -> None:
        """Ends the workers that were started here, whatever they are at."""
        if self.local is not None:
            self.local.close(timeout=30)


def parse_where(scheduler: str | None, workers: int | None) -> Where | None:
    """Reads which cluster is to work.

    Args:
        scheduler: address, or path of a scheduler's file.
        workers: how many processes to start here.

    Returns:
        None where neither is asked for.

    Raises:
        ValueError: if both are, there is no such file, or Dask is not installed.
    """
    if not scheduler and not workers:
        return None
    if scheduler and workers:
        msg = "--scheduler names a cluster that runs, --workers starts one here; give one of them"
        raise ValueError(msg)
    if find_spec("distributed") is None:
        msg = f"{'--scheduler' if scheduler else '--workers'} needs Dask; {INSTALL}"
        raise ValueError(msg)
    return Where(_address(scheduler) if scheduler else "", workers or 0)


@contextmanager
def joined(where: Where) -> Iterator[Crew]:
    """Connects to a cluster, or starts one, for as long as the block runs.

    Args:
        where: which.

    Raises:
        BrokenEnvironmentError: if the scheduler cannot be reached, or no certificate can be shown.
    """
    from distributed import Client

    _keep_silent()
    _check_certificates(where.scheduler)
    local = None if where.scheduler else _start(where.workers)
    try:
        try:
            client = Client(where.scheduler or local, set_as_default=False)
        except Exception as error:
            msg = (
                f"the scheduler {where.scheduler} cannot be reached: {reason_of(error)}; "
                "is it running, and does its port let this machine in?"
            )
            raise BrokenEnvironmentError(msg) from error
        try:
            yield Crew(client, local)
        finally:
            # Of a scheduler that is gone there is nothing to take leave.
            with suppress(Exception):
                client.close(timeout=5)
    finally:
        if local is not None:
            local.close(timeout=30)


def _address(scheduler: str) -> str:
    """Address of a scheduler, which its file tells too."""
    if "://" in scheduler:
        return scheduler
    try:
        told = json.loads(Path(scheduler).read_text(encoding="utf-8"))
        return str(told["address"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        why = "there is no such file" if isinstance(error, FileNotFoundError) else reason_of(error)
        msg = (
            f"--scheduler is {scheduler}, expected an address such as tcp://host:8786, or the file "
            f"that `dask scheduler --scheduler-file` wrote: {why}"
        )
        raise ValueError(msg) from error


def _keep_silent() -> None:
    """Lets Dask's own lines through only where ours are shown in full."""
    if not logging.getLogger("shoulderseg").isEnabledFor(logging.DEBUG):
        logging.getLogger("distributed").setLevel(logging.CRITICAL)


def _check_certificates(scheduler: str) -> None:
    """Sees that a scheduler that asks for a certificate can be shown one.

    A client without one would only fail, and complain once more when the command ends.

    Raises:
        BrokenEnvironmentError: if there is none, or its files cannot be read.
    """
    from distributed.security import Security

    if not scheduler.startswith("tls://"):
        return
    why = "distributed.comm.tls of Dask's configuration names none"
    try:
        if Security().get_connection_args("client").get("ssl_context") is not None:
            return
    except (OSError, ValueError) as error:
        why = reason_of(error)
    msg = f"the scheduler {scheduler} asks for a certificate, and there is none to show: {why}"
    raise BrokenEnvironmentError(msg)


def _start(workers: int) -> SpecCluster:
    """Starts worker processes that only this machine reaches."""
    from distributed import Nanny, Scheduler, SpecCluster

    # Also what tells of their health would listen to everybody.
    here: dict[str, Any] = {
        "host": "127.0.0.1",
        "protocol": "tcp://",
        "dashboard": False,
        "dashboard_address": "127.0.0.1:0",
    }
    spec = {
        number: {
            "cls": Nanny,
            "options": {
                **here,
                "nthreads": 1,
                # Networks take what they take; Dask would stop a worker for good at a share of it.
                "memory_limit": 0,
                "env": _environment(number, workers),
                "silence_logs": logging.CRITICAL,
            },
        }
        for number in range(workers)
    }
    scheduler = {"cls": Scheduler, "options": {**here, "port": 0}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SpecCluster(workers=spec, scheduler=scheduler, silence_logs=logging.CRITICAL)


def _environment(number: int, workers: int) -> dict[str, str]:
    """Shares cores and GPUs out to the workers, unless the user has done so."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (cores or 1) // workers))
    environment = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    gpus = _gpus()
    if len(gpus) > 1:
        environment["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
    return environment


def _gpus() -> list[str]:
    """The GPUs of this machine that may be used, as CUDA_VISIBLE_DEVICES names them."""
    from shoulderseg.workflows.device import resolve_device

    if resolve_device("auto") != "cuda":
        return []
    import torch

    asked = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
    return asked or [str(number) for number in range(torch.cuda.device_count())]
