"""The page about nginx works: its configuration in a real nginx, in front of a Flask and of a Quart app."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.pages import blocks_of
from tests.servers import DEADLINE, ROOT, environment, free_port, listens, module, serving

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
        proxied="inner.wsgi_app = ProxyFix(inner.wsgi_app, x_for=1, x_proto=1, x_host=1, x_prefix=1)\n"
        "app = Bridge({'/': inner})",
    ),
    "quart": APP.format(
        framework="quart",
        class_="Quart",
        colour="async ",
        proxied="app = ProxyFixMiddleware(inner, mode='legacy', trusted_hops=1)",
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


@pytest.fixture(params=APPS)
def proxied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of nginx, with an app behind it."""
    page = (ROOT / "docs" / "howto" / "nginx.md").read_text()
    (configuration,) = (block.text for block in blocks_of(page) if block.language == "nginx")
    (tmp_path / "behind.py").write_text(APPS[request.param])
    port = free_port()
    command = module("hypercorn", "behind:app", "--bind", "127.0.0.1:0")
    with serving(command, tmp_path / "app.log", cwd=tmp_path) as app:
        told = configuration.replace("127.0.0.1:8000", app.base.removeprefix("http://"))
        with (
            nginx(told.replace("listen 80;", f"listen 127.0.0.1:{port};"), tmp_path),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
        ):
            deadline = time.monotonic() + DEADLINE
            while not listens(str(client.base_url)) and time.monotonic() < deadline:
                time.sleep(0.05)
            yield client


def test_an_app_behind_nginx_knows_what_the_client_asked_for(proxied: httpx.Client) -> None:
    here = proxied.get("/here", headers={"Host": "shop.example.com"})
    assert here.text == "http://shop.example.com/here 127.0.0.1"


def test_the_clients_host_owns_the_error_and_nginx_leaves_the_answer_alone(proxied: httpx.Client) -> None:
    api, site = (proxied.get("/nope", headers={"Host": host}) for host in ("api.example.com", "shop.example.com"))
    assert (api.status_code, api.headers["Content-Type"]) == (404, "application/problem+json")
    assert (site.status_code, site.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert site.headers["Vary"]
    assert "nginx" not in site.text
