"""A real nginx serves the files of ``errors preview`` when the application behind it is down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import flask
import httpx
import pytest
import quart

import errbridge_flask
import errbridge_quart
from errbridge import Scope
from errbridge.http.language import lookup_language
from errbridge.languages.catalogues import load_languages
from errbridge.representations.styles import STYLES
from errbridge_flask.cli import errors as commands
from errbridge_quart.cli import errors as commands_of_quart
from tests.servers import DEADLINE, end, free_port, listens

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")

CONFIG = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/made/nginx-http.conf;
    include {folder}/other/nginx-http.conf;
    server {{
        listen 127.0.0.1:{port};
        server_name other.example.org;
        include {folder}/other/nginx-server.conf;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
        }}
    }}
    server {{
        listen 127.0.0.1:{port} default_server;
        charset utf-8;
        client_max_body_size 1k;
        include {folder}/made/nginx-server.conf;
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
        }}
        location /closed/ {{
            return 403;
        }}
    }}
}}
"""


LANGUAGES = ("en", "de", "pt-BR", "pt", "ar", "zh-Hans", "zh-Hant", "he")


class Front(NamedTuple):
    """nginx, and the port on which the application would be."""

    base: str
    upstream: int
    folder: Path

    def ask(self, path: str, method: str = "GET", **given: Any) -> httpx.Response:
        with httpx.Client(base_url=self.base, timeout=DEADLINE, trust_env=False) as client:
            return client.request(method, path, **given)


def application(folder: Path) -> flask.Flask:
    templates = folder / "templates" / "errors"
    templates.mkdir(parents=True)
    (templates / "502.html").write_text(
        "<title>Shop {{ error.status }}</title><p>We will be back.{{ incident.id }}</p>"
    )
    app = flask.Flask("shop", template_folder=str(folder / "templates"))
    errors = errbridge_flask.ErrorHandler(app, handler="default")
    api = flask.Blueprint("api", "shop", url_prefix="/api")
    inner = flask.Blueprint("inner", "shop", url_prefix="/<int:version>/inner")
    web = flask.Blueprint("web", "shop", url_prefix="/web")
    errors.api_register(api)
    errors.web_register(web, inner)
    errors.api_register(Scope(host="*.api.example.com"))
    api.register_blueprint(inner)
    app.register_blueprint(api)
    app.register_blueprint(web)
    return app


def other() -> quart.Quart:
    """A second application behind the same nginx."""
    app = quart.Quart("other")
    errors = errbridge_quart.ErrorHandler(app, handler="api", ERROR_LANGUAGES=LANGUAGES)
    errors.web_register("/site")
    return app


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    if NGINX is None:
        if os.environ.get("CI"):
            pytest.fail("nginx is not installed")
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    app = application(folder)
    result = app.test_cli_runner().invoke(commands, ["preview", str(folder / "made")])
    assert result.exit_code == 0, result.output
    result = other().test_cli_runner().invoke(commands_of_quart, ["preview", str(folder / "other")])
    assert result.exit_code == 0, result.output
    port, upstream = free_port(), free_port()
    config = folder / "nginx.conf"
    config.write_text(CONFIG.format(folder=folder, port=port, upstream=upstream))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [NGINX, "-p", str(folder), "-c", str(config), "-e", "stderr"], stdout=log, stderr=subprocess.STDOUT
        )
    base = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + DEADLINE
    try:
        while not listens(base):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Front(base, upstream, folder)
    finally:
        end(process)


@pytest.mark.parametrize(
    ("path", "accept", "content_type"),
    [
        ("/nope", "text/html", "text/html; charset=utf-8"),
        ("/nope", "application/json", "application/problem+json"),
        ("/api/items", "*/*", "application/problem+json"),
        ("/api/items?page=2", "text/html,application/xml", "application/problem+json"),
        ("/api", "application/xml", "application/problem+xml"),
        ("/api", "text/plain", "text/plain; charset=utf-8"),
        ("/apiary", "*/*", "text/html; charset=utf-8"),
        ("/api/7/inner/x", "*/*", "text/html; charset=utf-8"),
        ("/api/x/inner/x", "*/*", "application/problem+json"),
        ("/%61pi/x", "*/*", "application/problem+json"),
        ("/web/", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8"),
    ],
)
def test_when_the_application_is_down_each_scope_answers_in_its_style(
    front: Front, path: str, accept: str, content_type: str
) -> None:
    response = front.ask(path, headers={"Accept": accept})

    assert response.status_code == 502
    assert response.headers["Content-Type"] == content_type
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    assert "502" in response.text or "back" in response.text


def test_the_host_finds_the_scope_as_well(front: Front) -> None:
    for host, content_type in (
        ("eu.api.example.com", "application/problem+json"),
        ("api.example.com", "text/html; charset=utf-8"),
        ("EU.API.EXAMPLE.COM:8080", "application/problem+json"),
    ):
        response = front.ask("/nope", headers={"Host": host, "Accept": "*/*"})
        assert (response.status_code, response.headers["Content-Type"]) == (502, content_type)


def test_several_applications_have_files_of_their_own(front: Front) -> None:
    for path, content_type in (("/nope", "application/problem+json"), ("/site/x", "text/html; charset=utf-8")):
        response = front.ask(path, headers={"Host": "other.example.org", "Accept": "*/*"})
        assert (response.status_code, response.headers["Content-Type"]) == (502, content_type)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "de",
        "DE-AT, en;q=0.5",
        "pt-BR,pt;q=0.9",
        "pt-PT",
        "ar-EG",
        "zh-TW,zh;q=0.9",
        "zh-CN",
        "zh",
        "zh-Hant-HK",
        "iw",
        "en-GB,de;q=0.5",
        "xx, de;q=0.9, ar;q=0.8",
        "xx",
        "den, ar;q=0.5",
        "xx-de, yy",
        "*",
        "xx,, ,de",
    ],
)
def test_the_language_is_the_one_that_errbridge_would_choose(front: Front, header: str) -> None:
    headers = {"Host": "other.example.org", "Accept": "application/json", "Accept-Language": header}

    document = front.ask("/nope", headers=headers)
    page = front.ask("/site/x", headers={**headers, "Accept": "text/html"})

    tag = lookup_language(header, LANGUAGES) or "en"
    (language,) = load_languages([tag], [])
    assert document.headers["Content-Language"] == page.headers["Content-Language"] == tag
    assert document.headers["Vary"] == "Accept, Accept-Language"
    assert document.json()["title"] == language.translate("Bad Gateway")
    assert f'<html lang="{tag}" dir="{language.direction}">' in page.text


def test_an_xmlhttprequest_to_a_site_gets_the_document(front: Front) -> None:
    response = front.ask("/web/", headers={"Accept": "*/*", "X-Requested-With": "XMLHttpRequest"})

    assert response.json()["status"] == 502
    assert response.headers["Vary"] == "Accept, X-Requested-With"


def test_a_site_shows_its_own_template_without_a_reference(front: Front) -> None:
    response = front.ask("/web/", headers={"Accept": "text/html"})

    assert response.text == "<title>Shop 502</title><p>We will be back.</p>"
    assert "Content-Security-Policy" not in response.headers


def test_the_built_in_page_has_its_policy_and_no_reference(front: Front) -> None:
    response = front.ask("/nope", headers={"Accept": "text/html"})

    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Reference" not in response.text
    assert response.text.endswith("</html>\n")


def test_a_document_has_no_instance(front: Front) -> None:
    document = front.ask("/api/x", headers={"Accept": "*/*"}).json()

    assert {name: document[name] for name in ("type", "title", "status")} == {
        "type": "about:blank",
        "title": "Bad Gateway",
        "status": 502,
    }
    assert "instance" not in document


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_answered_alike(front: Front, method: str) -> None:
    response = front.ask("/api/x", method, headers={"Accept": "*/*"})

    assert (response.status_code, response.json()["status"]) == (502, 502)


def test_head_has_the_headers_and_no_body(front: Front) -> None:
    response = front.ask("/api/x", "HEAD", headers={"Accept": "*/*"})

    assert (response.status_code, response.content) == (502, b"")
    assert response.headers["Content-Type"] == "application/problem+json"


def test_what_nginx_refuses_itself_keeps_its_status(front: Front) -> None:
    too_large = front.ask("/api/x", "POST", content=b"x" * 2000, headers={"Accept": "*/*"})
    closed = front.ask("/closed/", headers={"Accept": "*/*"})

    assert (too_large.status_code, too_large.json()["title"]) == (413, "Content Too Large")
    assert closed.status_code == 403
    assert "Cache-Control" not in closed.headers
    assert "Forbidden" in closed.text


def test_the_files_have_no_url_of_their_own(front: Front) -> None:
    response = front.ask("/error-pages/api/502.json", headers={"Accept": "*/*"})

    assert response.status_code == 404
    assert "Not Found" in response.text


def test_what_the_application_answers_is_left_alone(front: Front) -> None:
    """The other half: an application that is up, with an error of its own."""
    import threading
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
            return

    def answering(environ: Any, start_response: Any) -> list[bytes]:
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"my own words"]

    with make_server("127.0.0.1", front.upstream, answering, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        response = front.ask("/api/x", headers={"Accept": "*/*"})
        thread.join(DEADLINE)

    assert (response.status_code, response.text) == (503, "my own words")


ACCEPTED = [
    "",
    "*/*",
    "text/*",
    "application/*",
    "text/html",
    "application/json",
    "application/problem+json",
    "application/vnd.api+json",
    "application/json, text/plain, */*",
    "text/html, application/json",
    "application/json, text/html",
    "application/xml",
    "text/xml",
    "application/problem+xml",
    "application/xml, application/json",
    "application/xhtml+xml, application/xml, */*",
    "text/html,application/xhtml+xml,application/xml,*/*",
    "text/plain",
    "text/plain, */*",
    "image/png",
    "text/plain, application/json",
    "TEXT/HTML",
]


@pytest.mark.parametrize("accept", ACCEPTED)
@pytest.mark.parametrize("requested_with", ["", "XMLHttpRequest", "com.example.app"])
@pytest.mark.parametrize(("path", "style"), [("/api/x", "api"), ("/web/x", "web"), ("/x", "default")])
def test_without_quality_values_nginx_chooses_the_format_that_errbridge_would(
    front: Front, path: str, style: str, requested_with: str, accept: str
) -> None:
    headers = {"Accept": accept, "X-Requested-With": requested_with}

    response = front.ask(path, headers={name: value for name, value in headers.items() if value})

    expected = STYLES[style].choose_media_type(accept, xhr=requested_with == "XMLHttpRequest")
    assert response.headers["Content-Type"].partition(";")[0] == expected


def test_the_folder_holds_a_file_for_every_scope_status_and_format(front: Front) -> None:
    pages = front.folder / "made" / "error-pages"

    folders = {path.name: {file.suffix for file in path.iterdir()} for path in pages.iterdir()}
    assert folders == {
        "api": {".json", ".xml", ".txt"},
        "api.inner": {".html", ".json", ".xml", ".txt"},
        "web": {".html", ".json", ".xml", ".txt"},
        "app": {".html", ".json", ".xml", ".txt"},
        "api.example.com": {".json", ".xml", ".txt"},
    }
    assert json.loads((pages / "api" / "404.json").read_text())["status"] == 404
