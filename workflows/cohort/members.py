"""What the scheduler tells of the workers of a cluster."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from shoulderseg.workflows.errors import BrokenEnvironmentError

if TYPE_CHECKING:
    from distributed import Client, Future

Item = TypeVar("Item")
_LOGGER = logging.getLogger(__name__)
# How long a result may take to come, once it is there; that of a worker that has just died never
# does, and nobody is given work meanwhile. The case is then tried again, and found done.
_FETCH_S = 10.0


@dataclass
class Member(Generic[Item]):
    """A worker of a cluster.

    Attributes:
        life: tells a worker from one that was started at the same address later.
        gpu: whether it offers the resource GPU.
        same_version: whether it has the run's version of shoulderseg.
        good: whether it is fit for the run.
        refused: why it is not; empty if that is not known.
        future: what it was asked last, while there is no answer.
        item: what it works on.
        proven: whether it has done one.
    """

    life: str
    gpu: bool = False
    same_version: bool = False
    good: bool = False
    refused: str = ""
    future: Future[Any] | None = None
    item: Item | None = None
    proven: bool = False


def told_of(client: Client) -> dict[str, Member[Any]]:
    """The workers of a cluster by their addresses, as if they were new.

    Args:
        client: of the cluster.

    Raises:
        BrokenEnvironmentError: if the scheduler is lost.
    """
    try:
        # Some versions of Dask tell of five, unless asked for all.
        workers = client.scheduler_info(n_workers=-1)["workers"]
    except Exception as error:
        msg = (
            "the connection to the scheduler is lost. What is done is kept; once the scheduler and "
            "its workers are back, the same command goes on"
        )
        raise BrokenEnvironmentError(msg) from error
    return {
        address: Member(str(told["local_directory"]), gpu=told["resources"].get("GPU", 0) >= 1)
        for address, told in workers.items()
    }


def result_of(future: Future[Any]) -> Any:  # noqa: ANN401
    """What a task gave, or the error that ended it; None where it was lost on its way.

    Args:
        future: of the task, which is done.
    """
    if future.status == "error":
        return future.exception(_FETCH_S) or RuntimeError("its error was lost")
    if future.status != "finished":
        return None
    try:
        return future.result(_FETCH_S)
    except Exception:
        _LOGGER.debug("traceback", exc_info=True)
        return None
