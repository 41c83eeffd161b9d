"""An end to everything that a server may draw out: greeting, headers, redirects, content."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests
import urllib3


class Deadline:
    """Shuts connections when the time is over, so that whoever waits for them goes on.

    A time limit of a socket begins anew with each byte; a server that trickles never meets it.
    """

    def __init__(self, seconds: float) -> None:
        """Begins to count."""
        self._end = time.monotonic() + seconds
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._end

    def watch(self, connected: socket.socket) -> None:
        """Takes a connection that ends with the time, in place of an earlier one."""
        with self._lock:
            self._let_go()
            # TLS takes the socket out of the object that was handed over.
            self._sockets.append(connected.dup())
        if self.is_over:
            self._shut()

    def _shut(self) -> None:
        with self._lock:
            for connected in self._sockets:
                # The other side may have closed it.
                with contextlib.suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

    def _let_go(self) -> None:
        for connected in self._sockets:
            connected.close()
        self._sockets.clear()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Keeps watch while the block runs."""
        timer = threading.Timer(max(0.0, self._end - time.monotonic()), self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._let_go()


class OneAnswer(requests.Session):
    """Gives a server's answer without what it redirects to."""

    def get_redirect_target(self, _: requests.Response) -> None:
        """Tells of no target: the base class would read all of a redirecting answer for it."""

    def target_of(self, response: requests.Response) -> str | None:
        """Where an answer redirects to, as it says so; None for any other answer."""
        return super().get_redirect_target(response)


class DeadlineAdapter(requests.adapters.HTTPAdapter):
    """Makes connections that end with a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        """Begins without a connection."""
        self._pools = _pools(deadline)
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """As the base class does; connections are watched from their first byte on."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """As the base class does; connections are watched from their first byte on."""
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _pools(deadline: Deadline) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    class Plain(urllib3.connection.HTTPConnection):
        def _new_conn(self) -> socket.socket:
            connected = super()._new_conn()
            deadline.watch(connected)
            return connected

    class Secure(urllib3.connection.HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            connected = super()._new_conn()
            deadline.watch(connected)
            return connected

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
