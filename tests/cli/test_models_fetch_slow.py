"""Servers that draw out what they send, or say more than a status."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from itertools import count, cycle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.workflows.bundles import fetch as bundle_fetch

if TYPE_CHECKING:
    from tests.cli.conftest import Run

Serve = Callable[[Iterator[bytes]], str]
SLOW = b"HTTP/1.1 200 OK\r\n"
WORDS = ("--sha256", "1" * 64, "--allow-http", "--timeout", "20", "--name", "a")


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Sends pieces to whoever connects, a new one every few hundredths of a second."""
    over, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))
    pieces: list[Iterator[bytes]] = []

    def answer() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                connected, _ = listener.accept()
                with connected:
                    connected.recv(2**16)
                    for piece in pieces[0]:
                        connected.sendall(piece)
                        if over.wait(0.02):
                            break

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()

    def begin(sent: Iterator[bytes]) -> str:
        pieces.append(sent)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield begin
    over.set()
    # Wakes the thread up.
    with contextlib.suppress(OSError):
        socket.create_connection(listener.getsockname(), 1).close()
    listener.close()
    thread.join(5)


def refused(run: Run, store: Path, url: str) -> str:
    outcome = run("models", "fetch", url, *WORDS)
    assert outcome.exit_code == 2, outcome.output
    assert isinstance(outcome.exception, SystemExit)
    assert list(store.iterdir()) == []
    return outcome.output


def headers() -> Iterator[bytes]:
    yield SLOW
    for number in count():
        yield f"X-{number % 9}: y\r\n".encode() if number % 40 == 0 else b""


def status() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 "
    yield from cycle([b"O"])


def one_header() -> Iterator[bytes]:
    yield SLOW + b"X-Long: "
    yield from cycle([b"o"])


def content() -> Iterator[bytes]:
    yield SLOW + b"\r\n"
    yield from cycle([b"P"])


def redirect() -> Iterator[bytes]:
    yield b"HTTP/1.1 302 Found\r\nLocation: /b.zip\r\nX-Long: "
    yield from cycle([b"o"])


@pytest.mark.parametrize("sent", [headers, status, one_header, content, redirect])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_one_deadline_holds_for_all_that_trickles(
    run: Run,
    store: Path,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
    sent: Callable[[], Iterator[bytes]],
    scheme: str,
) -> None:
    """Over https it is the greeting of TLS that never ends."""
    monkeypatch.setattr(bundle_fetch, "MAX_SECONDS", 0.6)
    pieces = cycle([b"\x16\x03\x03\x40\x00", *[b"\x02"] * 1000]) if scheme == "https" else sent()
    output = " ".join(refused(run, store, f"{scheme}://{serve(pieces)}/a.zip").split())
    assert "a.zip was not complete after 0.6 s; try again later" in output


def test_redirects_have_an_end(run: Run, store: Path, serve: Serve) -> None:
    """The content of each answer is endless, and is not read."""
    moved = b"HTTP/1.1 302 Found\r\nLocation: /b.zip\r\n\r\n"
    address = serve(cycle([moved]))
    assert "redirects more than 10 times" in refused(run, store, f"http://{address}/a.zip")


def test_a_redirect_to_no_address(run: Run, store: Path, serve: Serve) -> None:
    address = serve(iter([b"HTTP/1.1 301 Moved\r\nLocation: http://[x/b.zip\r\n\r\n"]))
    assert "redirects to what is no address" in refused(run, store, f"http://{address}/a.zip")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"503 \x1b]0;owned\x07 all is well", "answered 503 Service Unavailable; check"),
        (b"418 \x1b[2J", "answered 418 I'm a Teapot; check"),
        (b"599 \x07use it", "answered 599; check"),
    ],
)
def test_a_status_is_told_in_the_words_of_the_standard(
    run: Run, store: Path, serve: Serve, line: bytes, told: str
) -> None:
    address = serve(iter([b"HTTP/1.1 " + line + b"\r\nContent-Length: 0\r\n\r\n"]))
    output = refused(run, store, f"http://{address}/a.zip")
    assert told in " ".join(output.split())
    assert not set(output) & set("\x1b\x07")


def test_a_server_that_speaks_no_http_reaches_no_terminal(
    run: Run, store: Path, serve: Serve
) -> None:
    address = serve(iter([b"\x1b]0;owned\x07\x9b2J nonsense\r\n\r\n"]))
    output = refused(run, store, f"http://{address}/a.zip")
    assert "cannot be downloaded" in output
    assert not set(output) & set("\x1b\x07\x9b")
