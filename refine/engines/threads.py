"""Threads that each use one core and share out work.

Torch's own threads divide every single operation and wait for one another at its end; on operations
of a slice's size that costs a third of the time, and more when other processes share the cores.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

Item = TypeVar("Item")

# Guards torch's process-wide thread count while workers start.
_starting = threading.Lock()


def worker_count() -> int:
    """Returns how many threads the caller may use: torch's setting in this thread."""
    with _starting:
        return torch.get_num_threads()


def run_threaded(
    start: Callable[[], Callable[[Item], None]], items: Sequence[Item], workers: int
) -> None:
    """Handles all items; returns when all are done.

    With one worker or one item everything happens in the calling thread. Otherwise each worker is
    a thread whose torch operations use one core; the caller's setting, and that of threads that
    start later, is as before. Several callers may run at once.

    Args:
        start: Called once in each worker, gives the function that handles an item.
        items: Taken in order by whichever worker is free.
        workers: How many at most, at least 1.

    Raises:
        BaseException: The first exception of a worker; items not yet begun are left.
    """
    workers = min(workers, len(items))
    if workers <= 1:
        with torch.inference_mode():
            handle = start()
            for item in items:
                handle(item)
        return
    waiting: queue.SimpleQueue[Item] = queue.SimpleQueue()
    for item in items:
        waiting.put(item)
    failures: list[BaseException] = []
    ready = threading.Barrier(workers + 1)
    threads = [
        threading.Thread(target=_work, args=(start, waiting, ready, failures), daemon=True)
        for _ in range(workers)
    ]
    with _starting:
        before = torch.get_num_threads()
        for thread in threads:
            thread.start()
        ready.wait()
        # A worker's own setting stays; this puts the caller's and the process's back.
        torch.set_num_threads(before)
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def _work(
    start: Callable[[], Callable[[Item], None]],
    waiting: queue.SimpleQueue[Item],
    ready: threading.Barrier,
    failures: list[BaseException],
) -> None:
    torch.set_num_threads(1)
    # A thread takes the process's setting over at its first operation, so that has to come now.
    torch.get_num_threads()
    ready.wait()
    try:
        with torch.inference_mode():
            handle = start()
            while not failures:
                handle(waiting.get_nowait())
    except queue.Empty:
        return
    except BaseException as error:  # handed to the caller's thread
        failures.append(error)
