"""The proxies' examples, run by the proxies themselves where Debian has them: HTTP/2, events at once, who asks."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
import yaml

from projectionist.web.config import ShellSettings
from projectionist.web.edge import is_our_host
from tests.deploy.container import ROOT
from tests.recovery.houses_under_fire import until
from tests.serving import free_port

PROXY = ROOT / "deploy/proxy"
NAME = "films.example.org"
FIRST, SECOND = b"data: first\n\n", b"data: second\n\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part)


@dataclass
class Upstream:
    """Stands where Projectionist does: an event at once, the next one once it is let go."""

    listening: socket.socket
    go_on: threading.Event = field(default_factory=threading.Event)
    asked: list[bytes] = field(default_factory=list)

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with connection:
            heard = b""
            while b"\r\n\r\n" not in heard:
                part = connection.recv(65536)
                if not part:
                    return
                heard += part
            self.asked.append(heard.lower())
            connection.sendall(HEAD + chunk(FIRST))
            self.go_on.wait(60)
            connection.sendall(chunk(SECOND) + b"0\r\n\r\n")


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = Upstream(listening)
        thread = threading.Thread(target=made.serve, daemon=True)
        thread.start()
        yield made
        made.go_on.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@dataclass(frozen=True)
class Proxy:
    port: int
    authority: ssl.SSLContext

    def connected(self, *protocols: str) -> ssl.SSLSocket:
        self.authority.set_alpn_protocols(list(protocols))
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        try:
            return self.authority.wrap_socket(plain, server_hostname=NAME)
        except BaseException:
            plain.close()
            raise


@contextmanager
def running(program: str, upstream: Upstream, folder: Path) -> Iterator[Proxy]:
    """A proxy with its example, the names and ports of which are replaced by those of the test."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME)
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "chain.pem", append=True)
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    port = free_port()
    command = WRITE[program](folder, port, upstream.listening.getsockname()[1])
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command,
            stdout=said,
            stderr=said,
            env={**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder)},
        )
    try:
        until(lambda: is_open(port), 60, (folder / "said").read_text)
        yield Proxy(port, trusted)
    finally:
        process.terminate()
        process.wait(30)


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def nginx(folder: Path, port: int, upstream: int) -> list[str]:
    text = (PROXY / "nginx.conf").read_text()
    text = "\n".join(line for line in text.splitlines() if "listen [::]" not in line)
    for before, after in (
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("listen 80", f"listen 127.0.0.1:{free_port()}"),
        ("127.0.0.1:8480", f"127.0.0.1:{upstream}"),
        (f"/etc/ssl/{NAME}/fullchain.pem", str(folder / "chain.pem")),
        (f"/etc/ssl/{NAME}/privkey.pem", str(folder / "key.pem")),
    ):
        assert before in text
        text = text.replace(before, after)
    places = "".join(
        f"{kind}_temp_path {folder / kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"daemon off;\npid {folder / 'pid'};\nerror_log stderr;\nevents {{}}\n"
    whole += f"http {{\naccess_log off;\n{places}{text}\n}}\n"
    (folder / "nginx.conf").write_text(whole)
    command = ["nginx", "-c", str(folder / "nginx.conf"), "-e", "stderr"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr.replace('[warn] the "user" directive', "")
    return command


def caddy(folder: Path, port: int, upstream: int) -> list[str]:
    text = (PROXY / "Caddyfile").read_text().replace("127.0.0.1:8480", f"127.0.0.1:{upstream}")
    site = f"https://{NAME}:{port} {{\n\ttls {folder / 'chain.pem'} {folder / 'key.pem'}\n"
    assert f"\n{NAME} {{\n" in text
    text = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n" + text.replace(f"\n{NAME} {{\n", f"\n{site}")
    (folder / "Caddyfile").write_text(text)
    given = ["--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    tested = subprocess.run(
        ["caddy", "validate", *given],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOME": str(folder)},
    )
    assert tested.returncode == 0, tested.stderr
    return ["caddy", "run", *given]


WRITE = {"nginx": nginx, "caddy": caddy}


@pytest.mark.parametrize("program", WRITE)
def test_an_event_is_passed_on_before_the_next_one_happens(
    program: str, upstream: Upstream, tmp_path: Path
) -> None:
    with running(program, upstream, tmp_path) as proxy, proxy.connected("http/1.1") as stream:
        request = f"GET /events HTTP/1.1\r\nHost: {NAME}\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"
        stream.sendall(request.encode())
        heard = b""
        while FIRST.strip() not in heard:  # the second one waits for this
            part = stream.recv(65536)
            assert part, heard
            heard += part
        assert SECOND.strip() not in heard
        upstream.go_on.set()
        while SECOND.strip() not in heard:
            heard += stream.recv(65536)
    [asked] = upstream.asked
    assert f"\r\nhost: {NAME}\r\n".encode() in asked
    assert b"x-forwarded-proto: https\r\n" in asked
    assert b"x-forwarded-for: 127.0.0.1\r\n" in asked  # and not what the visitor made up


@pytest.mark.parametrize("program", WRITE)
def test_browsers_are_offered_http_2(program: str, upstream: Upstream, tmp_path: Path) -> None:
    with running(program, upstream, tmp_path) as proxy, proxy.connected("h2", "http/1.1") as opened:
        assert opened.selected_alpn_protocol() == "h2"


def test_an_event_is_held_back_where_a_proxy_buffers(upstream: Upstream, tmp_path: Path) -> None:
    """That the test above would see it."""
    with running("nginx", upstream, tmp_path) as proxy, proxy.connected("http/1.1") as stream:
        stream.sendall(f"GET /other HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode())
        until(lambda: upstream.asked, 30, "The request")
        time.sleep(0.5)
        stream.settimeout(0.5)
        with pytest.raises(TimeoutError):
            stream.recv(65536)


def test_the_example_for_traefik_routes_to_the_port_and_buffers_nothing() -> None:
    http = yaml.safe_load((PROXY / "traefik.yaml").read_text())["http"]
    [router] = http["routers"].values()
    assert router["rule"] == f"Host(`{NAME}`)"
    assert "middlewares" not in router
    balancer = http["services"][router["service"]]["loadBalancer"]
    assert balancer["servers"] == [{"url": "http://projectionist:8480"}]
    assert balancer["responseForwarding"]["flushInterval"].startswith("-")
    assert balancer["passHostHeader"] is True
    ours = ShellSettings(base_url=f"https://{NAME}")
    assert is_our_host(balancer["healthCheck"]["hostname"], ours), (
        "else it is refused, and never taken as healthy"
    )
