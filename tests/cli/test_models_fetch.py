"""Downloads from a server of the test's own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from shoulderseg.workflows.bundles import fetch as bundle_fetch
from shoulderseg.workflows.bundles.bundle import read_bundle
from shoulderseg.workflows.bundles.manifest import sha256_of

if TYPE_CHECKING:
    from tests.cli.conftest import Run

NO_HASH = "0" * 64


@pytest.fixture(scope="module")
def archive(untrained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("served") / "shoulder-v1"
    return Path(shutil.make_archive(str(base), "zip", untrained.parent, untrained.name))


@pytest.fixture(scope="module")
def server(archive: Path) -> Iterator[str]:
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = archive.read_bytes()
            redirect = {"/file": "file:///etc/hostname", "/moved": "/shoulder-v1.zip"}
            if self.path in redirect:
                self.send_response(302)
                self.send_header("Location", redirect[self.path])
                self.end_headers()
            elif self.path == "/missing.zip":
                self.send_error(404)
            elif self.path == "/silent.zip":
                over.wait()
            else:
                self.send_response(200)
                if self.path != "/endless.zip":
                    self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.path == "/trickle.zip":
                    self.wfile.write(content[:1])
                    over.wait()
                elif self.path == "/cut.zip":
                    self.wfile.write(content[:-100])
                else:
                    self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}"
    over.set()
    served.shutdown()
    served.server_close()


def refused(run: Run, store: Path, *words: object) -> str:
    outcome = run("models", "fetch", *words)
    assert outcome.exit_code == 2, outcome.output
    assert isinstance(outcome.exception, SystemExit)
    left = [path.name for path in store.iterdir()] if store.exists() else []
    assert set(left) <= {".lock"}
    return " ".join(outcome.output.split())


def test_a_fetched_bundle_is_the_one_that_was_served(
    run: Run, store: Path, server: str, archive: Path, untrained: Path
) -> None:
    words = ["--sha256", sha256_of(archive).upper(), "--allow-http"]
    outcome = run("models", "fetch", f"{server}/shoulder-v1.zip?download=1", *words)
    assert outcome.exit_code == 0, outcome.output
    assert read_bundle(store / "shoulder-v1").digest == read_bundle(untrained).digest
    again = run("models", "fetch", f"{server}/shoulder-v1.zip", *words)
    assert again.exit_code == 2
    assert "imported already" in again.output
    moved = run("models", "fetch", f"{server}/moved", *words, "--name", "other")
    assert moved.exit_code == 0, moved.output
    assert {path.name for path in store.iterdir()} == {".lock", "shoulder-v1", "other"}


def test_of_two_at_the_same_time_one_puts_its_bundle_in_place(
    store: Path, server: str, archive: Path, untrained: Path
) -> None:
    def fetch(_: int) -> str:
        url = f"{server}/shoulder-v1.zip"
        try:
            bundle_fetch.fetch_bundle(url, sha256_of(archive), allow_http=True)
        except FileExistsError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = sorted(pool.map(fetch, range(4)))
    assert said[0] == ""
    assert all("imported already" in told for told in said[1:])
    assert {path.name for path in store.iterdir()} == {".lock", "shoulder-v1"}
    assert read_bundle(store / "shoulder-v1").digest == read_bundle(untrained).digest


def test_another_fingerprint(run: Run, store: Path, server: str, archive: Path) -> None:
    url = f"{server}/shoulder-v1.zip"
    reason = refused(run, store, url, "--sha256", NO_HASH, "--allow-http")
    assert sha256_of(archive) in reason
    assert NO_HASH in reason


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, "0" * 63])
def test_what_is_no_fingerprint(run: Run, store: Path, sha256: str) -> None:
    reason = refused(run, store, "https://127.0.0.1/a.zip", f"--sha256={sha256}")
    assert "64 hexadecimal digits" in reason


def test_addresses_that_are_not_asked(run: Run, store: Path, server: str, archive: Path) -> None:
    known = ["--sha256", sha256_of(archive)]
    assert "--allow-http" in refused(run, store, f"{server}/shoulder-v1.zip", *known)
    for url in (archive.as_uri(), "ftp://127.0.0.1/a.zip", "https:///a.zip", "a.zip"):
        assert "no address to download" in refused(run, store, url, *known, "--allow-http")
    redirected = refused(run, store, f"{server}/file", *known, "--allow-http")
    assert "redirects to an address" in redirected


@pytest.mark.parametrize("file", ["shoulder-v1.zip", "endless.zip"])
def test_too_large_a_file(
    run: Run,
    store: Path,
    server: str,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
) -> None:
    """Whether the server says so or not."""
    monkeypatch.setattr(bundle_fetch, "MAX_BYTES", archive.stat().st_size - 1)
    words = ["--sha256", sha256_of(archive), "--allow-http"]
    assert "is larger than" in refused(run, store, f"{server}/{file}", *words)


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("missing.zip", "answered 404"),
        ("cut.zip", "cannot be downloaded"),
    ],
)
def test_downloads_that_fail(run: Run, store: Path, server: str, file: str, reason: str) -> None:
    words = ["--sha256", NO_HASH, "--allow-http"]
    assert reason in refused(run, store, f"{server}/{file}", *words)


def test_a_silent_server(run: Run, store: Path, server: str) -> None:
    words = ["--sha256", NO_HASH, "--allow-http", "--timeout", "0.3"]
    assert "was silent for 0.3 s" in refused(run, store, f"{server}/silent.zip", *words)


def test_a_server_that_trickles(
    run: Run, store: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first byte is noticed while the others are on their way."""
    # Each look at this clock is an hour after the one before.
    clock = SimpleNamespace(monotonic=count(0, 3600).__next__)
    monkeypatch.setattr("shoulderseg.workflows.bundles.deadline.time", clock)
    monkeypatch.setattr(bundle_fetch, "MAX_SECONDS", 1800.0)
    words = ["--sha256", NO_HASH, "--allow-http", "--timeout", "300"]
    reason = refused(run, store, f"{server}/trickle.zip", *words)
    assert "was not complete after 1800 s" in reason


@pytest.mark.parametrize(
    "address",
    [
        "{server}/shoulder-v1.zip",
        "{server}/missing.zip",
        "{server}/silent.zip",
        "{server}/cut.zip",
        "{server}/file",
        "http://127.0.0.1:9/a.zip",
        "ftp://127.0.0.1/a.zip",
        "http://[127.0.0.1/a.zip",
        "http://127.0.0.1:99999/a.zip",
    ],
)
@pytest.mark.parametrize("allowed", [True, False])
def test_no_error_repeats_a_password_or_a_signature(
    run: Run, store: Path, server: str, address: str, allowed: bool
) -> None:
    url = address.format(server=server).replace("://", "://me:hidden@") + "?signature=hidden#hidden"
    words = ["--sha256", NO_HASH, *(["--allow-http"] if allowed else [])]
    words += ["--timeout", "0.3"] if "silent" in address else []
    reason = refused(run, store, url, "--name", "a", *words)
    assert "hidden" not in reason
    assert "127.0.0.1" in reason or "this is no address" in reason


def test_nobody_answers(run: Run, store: Path) -> None:
    words = ["--sha256", NO_HASH, "--allow-http"]
    reason = refused(run, store, "http://127.0.0.1:9/a.zip", *words)
    assert "cannot be downloaded" in reason
