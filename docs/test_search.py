"""The search of the built documentation finds the right page first: ``nox -s docs`` runs this in Chromium.

``ERRBRIDGE_DOCS`` is the folder of the built pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Page

from tests.browser.chromium import Chromium, executable

DOCS = Path(os.environ.get("ERRBRIDGE_DOCS", "build/docs")).resolve()

QUERIES = {
    "404": "howto/status-codes",
    "405": "howto/status-codes",
    "422": "howto/status-codes",
    "500": "howto/status-codes",
    "413": "howto/status-codes",
    "status codes": "howto/status-codes",
    "custom 404 page": "pages",
    "404 page": "pages",
    "custom error page": "pages",
    "error page": "pages",
    "template": "pages",
    "see 500 page": "howto/preview",
    "preview error pages": "howto/preview",
    "404 for a blueprint": "howto/blueprints",
    "blueprint": "howto/blueprints",
    "validation error": "validation",
    "pydantic": "validation",
    "marshmallow": "validation",
    "json api": "howto/json-api",
    "problem+json": "howto/json-api",
    "rfc 9457": "howto/json-api",
    "logging": "logging",
    "incident id": "logging",
    "incident ids": "logging",
    "request id": "logging",
    "sentry": "logging",
    "structlog": "logging",
    "loguru": "logging",
    "opentelemetry": "observing",
    "metrics": "observing",
    "prometheus": "observing",
    "hooks": "observing",
    "tracing": "observing",
    "testing": "testing",
    "assert_problem": "testing",
    "pytest": "testing",
    "websocket": "howto/websockets",
    "nginx": "howto/nginx",
    "proxy": "howto/nginx",
    "deployment": "howto/deployment",
    "production": "howto/deployment",
    "gunicorn": "howto/deployment",
    "uvicorn": "howto/deployment",
    "granian": "howto/deployment",
    "docker": "howto/deployment",
    "systemd": "howto/deployment",
    "workers": "howto/deployment",
    "reload": "howto/deployment",
    "hypercorn": "howto/deployment",
    "asgi": "bridge",
    "flask and quart in one process": "bridge",
    "migrate from flask to quart": "moving/flask-to-quart",
    "errorhandler": "moving/from-errorhandlers",
    "openapi": "catalogue",
    "problem types": "catalogue",
    "configuration": "reference/configuration",
    "ERROR_PAGE": "reference/configuration",
    "ERROR_LANGUAGES": "reference/configuration",
    "settings": "reference/configuration",
    "command line": "command-line",
    "errors check": "command-line",
    "security": "explanations/security",
    "debug mode": "pages",
    "performance": "performance",
    "app factory": "howto/application-layout",
    "circular import": "howto/application-layout",
    "async handler": "howto/shared-handlers",
    "fastapi": "comparison",
    "glossary": "glossary",
    "quickstart": "tutorials/flask",
    "examples": "examples",
    "changelog": "changelog",
    "translate": "languages",
    "languages": "languages",
    "i18n": "languages",
    "babel": "languages",
    "register": "howto/registering",
    "typing": "howto/registering",
    "type checker": "howto/registering",
    "mypy": "howto/registering",
    "pyrefly": "howto/registering",
    "pyright": "howto/registering",
    "versions": "versions",
    "python version": "versions",
    "upgrade": "versions",
    "csrf": "extensions",
    "login": "extensions",
    "rate limit": "extensions",
    "cors": "extensions",
    "flask-smorest": "extensions",
    "jwt": "extensions",
    "flask-login": "extensions",
    "500 page": "pages",
    "dockerfile": "howto/deployment",
    "continuous integration": "howto/application-layout",
    "which handler runs": "explanations/handlers",
    "ERROR_FORCE_CONTENT_TYPE": "reference/configuration",
    "architecture": "architecture",
    "source code": "architecture",
    "release notes": "changelog",
    "alternatives": "comparison",
    "flask vs quart": "differences",
    "differences": "differences",
    "sample app": "examples",
    "design decisions": "explanations/design",
    "why a generator": "explanations/design",
    "failing handler": "explanations/failures",
    "handler raises": "explanations/failures",
    "order of handlers": "explanations/handlers",
    "who owns an error": "explanations/ownership",
    "chain of scopes": "explanations/ownership",
    "xss": "explanations/security",
    "terms": "glossary",
    "another framework": "howto/adapter",
    "write an adapter": "howto/adapter",
    "shared handlers": "howto/shared-handlers",
    "close code": "howto/websockets",
    "port to quart": "moving/flask-to-quart",
    "register_error_handler": "moving/from-errorhandlers",
    "flask-errorshandler": "moving/from-flask-errorshandler",
    "ApiProblem": "moving/from-flask-errorshandler",
    "benchmark": "performance",
    "errbridge.asgi": "reference/bridge",
    "stream_uploads": "reference/bridge",
    "errbridge.catalogue": "reference/catalogue",
    "Catalogue.of": "reference/catalogue",
    "current_incident_id": "reference/core",
    "RequestFacts": "reference/core",
    "api_register": "reference/errorhandler",
    "init_app": "reference/errorhandler",
    "api reference": "reference/index",
    "public names": "reference/index",
    "errbridge.otel": "reference/otel",
    "most_kinds": "reference/otel",
    "at a glance": "reference/overview",
    "cheat sheet": "reference/overview",
    "errbridge.sentry": "reference/sentry",
    "fingerprint": "reference/sentry",
    "errbridge.testing": "reference/testing",
    "record_incidents": "reference/testing",
    "errbridge.validation": "reference/validation",
    "problem_of": "reference/validation",
    "flask and quart tutorial": "tutorials/both",
    "one handler for both": "tutorials/both",
    "flask tutorial": "tutorials/flask",
    "quart tutorial": "tutorials/quart",
    "quart quickstart": "tutorials/quart",
    "install errbridge": "index",
    "what is errbridge": "index",
    "server-sent events": "howto/websockets",
    "sse": "howto/websockets",
    "eventsource": "howto/websockets",
    "streaming": "howto/websockets",
    "upload limit": "howto/deployment",
    "max upload size": "howto/deployment",
    "MAX_CONTENT_LENGTH": "howto/deployment",
    "file too large": "howto/deployment",
    "site with templates": "howto/application-layout",
    "layout": "howto/application-layout",
    "share templates": "moving/flask-to-quart",
    "builderror": "moving/flask-to-quart",
    "maintenance": "howto/status-codes",
    "retry-after": "howto/status-codes",
    "ajax": "pages",
    "context processor": "pages",
    "email": "logging",
    "styles": "reference/overview",
    "api_register web_register": "reference/overview",
    "abort": "howto/json-api",
    "api version": "howto/json-api",
    "unit test": "testing",
    "redirect": "explanations/handlers",
    "TaskGroup": "explanations/handlers",
    "background task": "logging",
    "span": "observing",
    "websocket error before accept": "howto/websockets",
    "po file": "languages",
    "preflight": "extensions",
    "http2": "bridge",
    "custom 500 page for a blueprint": "pages",
    "pydantic 422": "validation",
    "move errorhandler": "moving/from-errorhandlers",
    "exception handler": "moving/from-errorhandlers",
    "sync and async": "howto/shared-handlers",
    "gitlab": "howto/application-layout",
    "handler not called": "explanations/handlers",
    "invalid json": "validation",
    "html instead of json": "howto/json-api",
    "logo": "pages",
    "test a bridge": "testing",
    "websocket authentication": "howto/websockets",
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    """One browser for all queries."""
    path = executable()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("the search is tested in Chromium, which is not installed")
        pytest.skip("needs Chromium")
    with Chromium.started(path) as browser:
        yield browser


@pytest.mark.parametrize("query", QUERIES)
def test_the_right_page_is_found_first(chromium: Chromium, query: str) -> None:
    """The page of the table is the first result."""

    def search(page: Page) -> list[str]:
        page.goto(f"file://{DOCS}/search.html?q={quote(query)}", timeout=60_000)
        page.wait_for_selector("#search-results ul.search li a", timeout=60_000)
        page.wait_for_function("document.querySelector('#search-results h2')?.innerText !== 'Searching'")
        links = page.locator("#search-results ul.search li > a")
        return [links.nth(index).get_attribute("href") or "" for index in range(min(3, links.count()))]

    found = chromium.visit(search)

    assert found[0].partition(".html")[0] == QUERIES[query], found
