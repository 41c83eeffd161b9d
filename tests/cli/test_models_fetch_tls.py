"""Downloads over TLS, from a server of the test's own with a certificate of its own."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shoulderseg.workflows.bundles.manifest import sha256_of

if TYPE_CHECKING:
    from tests.cli.conftest import Run

OPENSSL = shutil.which("openssl") or ""
pytestmark = pytest.mark.skipif(not OPENSSL, reason="needs the openssl command")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    files = folder / "certificate.pem", folder / "key.pem"
    words = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    words += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(files[0])]
    command = [OPENSSL, "req", *words, "-keyout", str(files[1])]
    subprocess.run(command, check=True, capture_output=True)
    return files


@contextmanager
def served(
    handler: type[BaseHTTPRequestHandler], certificate: tuple[Path, Path] | None = None
) -> Iterator[str]:
    """The address of a server, over TLS where there is a certificate."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate[0], certificate[1])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http{'s' if certificate else ''}://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("allowed", [True, False])
def test_no_redirect_leads_to_http_unless_it_is_allowed(
    run: Run,
    store: Path,
    untrained: Path,
    tmp_path: Path,
    certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    allowed: bool,
) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "made"), "zip", untrained))
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            if self.path == "/moved.zip":
                self.send_response(302)
                self.send_header("Location", f"{plain}/made.zip")
                self.end_headers()
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(archive.read_bytes())

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate[0]))
    known = ["--sha256", sha256_of(archive), *(["--allow-http"] if allowed else [])]
    with served(Handler) as plain, served(Handler, certificate) as safe:
        direct = run("models", "fetch", f"{safe}/direct.zip", *known)
        outcome = run("models", "fetch", f"{safe}/moved.zip", *known)
    assert direct.exit_code == 0, direct.output
    if allowed:
        assert outcome.exit_code == 0, outcome.output
        assert (store / "moved" / "bundle.json").is_file()
    else:
        assert outcome.exit_code == 2
        assert "redirects to an address that is not https" in " ".join(outcome.output.split())
        assert asked == ["/direct.zip", "/moved.zip"]
        assert not (store / "moved").exists()
