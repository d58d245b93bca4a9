"""Real reverse proxies before a server, with TLS, as the files of docs/proxies have them."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.fakes import until
from tests.server_process import free_port

FILES = Path(__file__).parents[1] / "docs" / "proxies"
NGINX = "error_log stderr; pid nginx.pid; events {} http { access_log off; %s }"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
CADDY = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"


@contextmanager
def tls_proxy(program: str, folder: Path, port: int, upstream: str) -> Iterator[httpx.Client]:
    """A client of https://localhost:PORT, behind which `upstream` (a host and a port) lies; trusts its certificate."""
    if shutil.which(program) is None:
        pytest.skip(f"There is no {program}: tests/programs.sh installs it on Debian.")
    certificate, key = folder / "tls.pem", folder / "tls.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    command = (_nginx if program == "nginx" else _caddy)(folder, port, upstream, certificate, key)
    with (folder / "proxy.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    try:
        with httpx.Client(
            base_url=f"https://localhost:{port}", verify=ssl.create_default_context(cafile=certificate), timeout=60
        ) as client:
            until(lambda: _answers(client) or process.poll() is not None)
            assert process.poll() is None, (folder / "proxy.log").read_text()
            yield client
    finally:
        process.terminate()
        process.wait()


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _nginx(folder: Path, port: int, upstream: str, certificate: Path, key: Path) -> list[str]:
    text = (FILES / "nginx.conf").read_text(encoding="utf-8")
    for old, new in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("listen 80", f"listen 127.0.0.1:{free_port()}"),
        ("/etc/ssl/editor.example.pem", str(certificate)), ("/etc/ssl/editor.example.key", str(key)),
        ("127.0.0.1:7860", upstream), ("editor.example", "localhost"),
    ):  # fmt: skip
        assert old in text, f"the file of the documentation has no {old!r} any more"
        text = text.replace(old, new)
    paths = " ".join(f"{name}_temp_path {folder / name};" for name in TEMPORARY)
    (folder / "nginx.conf").write_text(NGINX % f"{paths}\n{text}")
    return [
        "nginx",
        "-p",
        str(folder),
        "-e",
        "stderr",
        "-c",
        str(folder / "nginx.conf"),
        "-g",
        "daemon off; user root;",
    ]


def _caddy(folder: Path, port: int, upstream: str, certificate: Path, key: Path) -> list[str]:
    text = (FILES / "Caddyfile").read_text(encoding="utf-8")
    site = "editor.example {\n"
    assert f"\n{site}" in text and "127.0.0.1:7860" in text, "the file of the documentation has another site now"
    text = text.replace(f"\n{site}", f"\nhttps://localhost:{port} {{\n\ttls {certificate} {key}\n")
    (folder / "Caddyfile").write_text(CADDY + text.replace("127.0.0.1:7860", upstream))
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
