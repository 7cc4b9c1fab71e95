"""Assertions about errbridge's own answer after something has gone wrong."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree

from tests.clients import Response

__all__ = ["EVERY", "MODES", "accepting", "complete"]

EVERY = ["application/json", "application/xml", "text/html", "text/plain"]
"""A value of Accept for each representation."""

MODES: Mapping[str, dict[str, Any]] = {
    "debug": {"DEBUG": True},
    "testing": {"TESTING": True},
    "propagate": {"PROPAGATE_EXCEPTIONS": True},
}
"""The modes in which an exception is shown to the developer, and how an application is configured for each."""


def accepting(value: str) -> list[tuple[str, str]]:
    return [("Accept", value)]


def complete(response: Response, status: int, accept: str) -> None:
    """Make sure that an answer is a whole, valid and harmless one of errbridge's own."""
    assert response.status == status
    assert response.header("Content-Length") == str(len(response.body))
    assert response.header("X-Content-Type-Options") == "nosniff"
    for secret in ("Traceback", "Failure", "Bug", "tests/", "secret"):
        assert secret not in response.text
    match accept:
        case "application/json":
            assert response.content_type == "application/problem+json"
            assert response.json["status"] == status
        case "application/xml":
            assert response.content_type == "application/problem+xml"
            assert ElementTree.fromstring(response.body).findtext("{*}status") == str(status)
        case "text/plain":
            assert response.content_type == "text/plain; charset=utf-8"
            assert response.text.startswith(f"{status} ")
        case _:
            assert response.content_type == "text/html; charset=utf-8"
            HTMLParser().feed(response.text)
            assert response.text.startswith("<!DOCTYPE html>")
            assert response.text.endswith("</html>\n")
            assert f"Error {status}" in response.text
