"""The page about nginx works: its configuration in a real nginx, in front of a Flask and of a Quart app."""

from __future__ import annotations

import shlex
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import connect

from tests.pages import blocks_of
from tests.servers import DEADLINE, ROOT, Server, environment, free_port, listens, module, serving

NGINX = shutil.which("nginx", path=f"{environment()['PATH']}:/usr/sbin")
pytestmark = [pytest.mark.servers, pytest.mark.docs, pytest.mark.skipif(NGINX is None, reason="nginx is not installed")]

APP = """
from errbridge import Scope
from errbridge.asgi import Bridge
from errbridge_{framework} import ErrorHandler
from {framework} import {class_}, request, url_for
from hypercorn.middleware import ProxyFixMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

inner = {class_}(__name__)
errors = ErrorHandler(inner)
errors.api_register(Scope(host="api.example.com"))

@inner.route("/here")
{colour}def here():
    return f"{{url_for('here', _external=True)}} {{request.remote_addr}}"

{proxied}
"""
APPS = {
    "flask": APP.format(
        framework="flask",
        class_="Flask",
        colour="",
        proxied="inner.wsgi_app = ProxyFix(inner.wsgi_app, x_for=1, x_proto=1, x_host=1)\napp = Bridge({'/': inner})",
    ),
    "quart": APP.format(
        framework="quart",
        class_="Quart",
        colour="async ",
        proxied="""
from quart import websocket

@inner.websocket("/talk")
async def talk():
    await websocket.send(websocket.url)

app = ProxyFixMiddleware(inner, mode='legacy', trusted_hops=1)
""",
    ),
}


@contextmanager
def nginx(server: str, folder: Path) -> Iterator[None]:
    """Run nginx with a part of its configuration, with all its files in a folder."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "\n".join(f"    {kind}_temp_path {folder}/{kind};" for kind in kinds)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\nmaster_process off;\npid {folder}/nginx.pid;\nerror_log {folder}/nginx.log;\n"
        f"events {{}}\nhttp {{\n    access_log off;\n{places}\n{server}\n}}\n"
    )
    process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(file), "-e", str(folder / "nginx.log")])
    try:
        yield
    finally:
        process.terminate()
        process.wait(DEADLINE)


@dataclass(frozen=True, slots=True)
class Front:
    """Clients of nginx, and what is behind it."""

    secure: httpx.Client
    plain: httpx.Client
    app: Server


@pytest.fixture(params=APPS)
def front(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Front]:
    """Run an app with nginx in front of it, as the page configures both."""
    page = (ROOT / "docs" / "howto" / "nginx.md").read_text()
    (configuration,) = (block.text for block in blocks_of(page) if block.language == "nginx")
    (tmp_path / "behind.py").write_text(APPS[request.param])
    run(module(request.param, "--app", "behind:inner", "errors", "preview", "error-pages"), tmp_path)
    run(
        shlex.split("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=shop.example -keyout key -out certificate"),
        tmp_path,
    )
    port, secure_port = free_port(), free_port()
    options: Any = {"trust_env": False, "timeout": DEADLINE}
    with serving(module("hypercorn", "behind:app", "--bind", "127.0.0.1:0"), tmp_path / "app.log", cwd=tmp_path) as app:
        for there, here in (
            ("127.0.0.1:8000", app.base.removeprefix("http://")),
            ("listen 80;", f"listen 127.0.0.1:{port};"),
            ("listen 443 ssl;", f"listen 127.0.0.1:{secure_port} ssl;"),
            ("/etc/ssl/shop.example.pem", f"{tmp_path}/certificate"),
            ("/etc/ssl/shop.example.key", f"{tmp_path}/key"),
            ("/srv/shop", str(tmp_path)),
        ):
            assert there in configuration
            configuration = configuration.replace(there, here)
        with (
            nginx(configuration, tmp_path),
            httpx.Client(base_url=f"https://127.0.0.1:{secure_port}", verify=False, **options) as secure,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", **options) as plain,
        ):
            deadline = time.monotonic() + DEADLINE
            while not listens(str(plain.base_url)) and time.monotonic() < deadline:
                time.sleep(0.05)
            yield Front(secure, plain, app)


def run(words: list[str], folder: Path) -> None:
    subprocess.run(words, cwd=folder, env=environment(), check=True, capture_output=True, timeout=DEADLINE)


def test_an_app_behind_nginx_knows_what_the_client_asked_for(front: Front) -> None:
    here = front.secure.get("/here", headers={"Host": "shop.example.com"})
    assert here.text == "https://shop.example.com/here 127.0.0.1"


def test_a_plain_request_is_redirected(front: Front) -> None:
    response = front.plain.get("/here?a=b", headers={"Host": "shop.example"})
    assert (response.status_code, response.headers["Location"]) == (308, "https://shop.example/here?a=b")


def test_a_client_chooses_neither_the_prefix_nor_the_request_id(front: Front) -> None:
    forged = {"X-Forwarded-Prefix": "/evil", "X-Request-ID": "forged"}
    assert "/evil" not in front.secure.get("/here", headers=forged).text
    document = front.secure.get("/nope", headers={**forged, "Accept": "application/json"}).json()
    assert document["request_id"] != "forged"


def test_the_clients_host_owns_the_error_and_nginx_leaves_the_answer_alone(front: Front) -> None:
    api, site = (front.secure.get("/nope", headers={"Host": host}) for host in ("api.example.com", "shop.example.com"))
    assert (api.status_code, api.headers["Content-Type"]) == (404, "application/problem+json")
    assert (site.status_code, site.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert site.headers["Vary"]
    assert "nginx" not in site.text


@pytest.mark.parametrize("front", ["quart"], indirect=True)
def test_a_websocket_reaches_quart(front: Front) -> None:
    host, port = front.secure.base_url.host, front.secure.base_url.port
    unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with connect(f"wss://{host}:{port}/talk", ssl=unchecked, proxy=None, open_timeout=DEADLINE) as client:
        assert client.recv(timeout=DEADLINE) == f"wss://{host}/talk"


def test_nginx_sends_the_pages_of_the_app_that_is_down_and_its_own_413(front: Front) -> None:
    large = front.secure.post("/here", content=b"x" * 17_000_000, headers={"Accept": "application/json"})
    assert (large.status_code, large.headers["Content-Type"]) == (413, "application/problem+json")
    front.app.end()
    down = front.secure.get("/nope", headers={"Accept": "application/json"})
    assert (down.status_code, down.json()["title"]) == (502, "Bad Gateway")
