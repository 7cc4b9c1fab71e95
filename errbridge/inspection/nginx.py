"""The configuration with which nginx answers by the files of `errbridge.inspection.preview` what it answers itself.

nginx finds the scope by a regular expression of host and path, in the order of precedence that errbridge has, too. By
the Accept header it finds the format; it does not read q-values, so what it finds is right for headers without them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.inspection.preview import EXTENSIONS, STATUSES, Room
from errbridge.representations.styles import Style
from errbridge.scopes.patterns import ConverterLookup, build_host_expression, build_path_expression
from errbridge.scopes.scope import ROOT, Scope

__all__ = ["FOLDER", "HTTP_FILE", "SERVER_FILE", "Made", "http_block", "server_block"]

FOLDER = "error-pages"
"""The folder of the files, and the beginning of the paths by which nginx finds them."""

HTTP_FILE = "nginx-http.conf"
SERVER_FILE = "nginx-server.conf"

_NAMED = {
    HTML: r"text/(?:html|\*)|application/xhtml\+xml",
    JSON: r"json|application/\*",
    XML: r"(?:application/(?:problem\+)?|text/)xml",
    TEXT: r"text/(?:plain|\*)",
}
_NO_NAME = re.compile(r"[^a-z0-9]+")
_NOT_SAID = frozenset({"content-type", "content-length"})


class Made(NamedTuple):
    """A file that was made.

    Attributes:
        path: Its name, below the folder of all of them.
        headers: Those of the answer that it was made of.
        body: What is in it.
    """

    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def http_block(
    folder: str, rooms: Sequence[Room], files: Sequence[Made], converters: ConverterLookup, xhr: bool
) -> str:
    """Write what belongs in nginx's ``http`` block.

    Args:
        folder: The absolute path of the directory with all of this.
        rooms: In the order of precedence.
        files: What is in them.
        converters: Finds the converters of the variables in prefixes.
        xhr: The setting ``ERROR_XHR_ENABLED``.
    """
    owners = [
        (_url_expression(room.scope, converters), room.folder)
        for room in rooms
        if room.scope != ROOT and room.request.routing
    ]
    name = _prefix(folder)
    styles = {room.style.name: room.style for room in rooms}
    folders = [(f"^{re.escape(room.folder)}$", room.style.name) for room in rooms]
    parts = [
        f"# Made by errbridge. In the http block:\n#     include {_quoted(f'{folder}/{HTTP_FILE}')};",
        _map('"$host$uri"', f"{name}_scope", "app", owners, "Whose URL it is; the nearest scope comes first."),
        _map(f"${name}_scope", f"{name}_style", rooms[-1].style.name, folders, "How the errors of each scope look."),
        _map(
            f'"${name}_style $http_x_requested_with $http_accept"',
            f"{name}_format",
            EXTENSIONS[rooms[-1].style.default],
            [rule for style in styles.values() for rule in _formats(style, xhr)],
            "What the client wants. nginx does not read q-values.",
        ),
        *(
            _map("$uri", f"{name}_header_{number}", '""', rules, f"{header} of each file.")
            for number, (header, rules) in enumerate(_headers(files))
            if isinstance(rules, list)
        ),
    ]
    return "\n".join([*parts, ""])


def _url_expression(scope: Scope, converters: ConverterLookup) -> str:
    host, path = build_host_expression(scope.host, converters), build_path_expression(scope.prefix, converters)
    return f"^{host}{path}(?:/|$)"


def server_block(folder: str, files: Sequence[Made]) -> str:
    """Write what belongs in each ``server`` block of nginx that stands before the application.

    Args:
        folder: The absolute path of the directory with all of this.
        files: What is in it.
    """
    types = {file.path.rpartition(".")[2]: value for file in files for name, value in file.headers if _is_type(name)}
    name = _prefix(folder)
    headers = [
        f"    add_header {header} {_quoted(said) if isinstance(said, str) else f'${name}_header_{number}'} always;"
        for number, (header, said) in enumerate(_headers(files))
    ]
    return "\n".join(
        [
            "# Made by errbridge. In each server block in front of the application:",
            f"#     include {_quoted(f'{folder}/{SERVER_FILE}')};",
            "#",
            "# The files are for what nginx answers itself, such as 502 when the application is down. What the",
            "# application answers stays as it is: for that, proxy_intercept_errors has to be off, its default.",
            "# With it on, the files would take the place of the application's own answers, too.",
            "# A location with an error_page of its own does not inherit this one; repeat it there.",
            "",
            f"error_page {' '.join(map(str, STATUSES))} /{FOLDER}/${name}_scope/$status.${name}_format;",
            "",
            f"location ^~ /{FOLDER}/ {{",
            "    internal;",
            f"    root {_quoted(folder)};",
            f"    try_files $uri /{FOLDER}/app/$status.${name}_format /{FOLDER}/app/$status.html =500;",
            "    charset off;",
            "    types {",
            *(f"        {_quoted(media_type)} {extension};" for extension, media_type in sorted(types.items())),
            "    }",
            *headers,
            "}",
            "",
        ]
    )


def _is_type(name: str) -> bool:
    return name.lower() == "content-type"


def _prefix(folder: str) -> str:
    """Begin the names of variables, so that several applications can be included; nginx allows for 46 characters."""
    return "errbridge_" + _NO_NAME.sub("_", PurePath(folder).name.lower())[:16]


def _map(source: str, variable: str, default: str, rules: Iterable[tuple[str, str]], about: str) -> str:
    sign = "~" if variable.endswith("_scope") else "~*"  # a path is compared as it is written
    lines = [f"    {_quoted(f'{sign}{pattern}')} {_quoted(value)};" for pattern, value in rules]
    return "\n".join(["", f"# {about}", f"map {source} ${variable} {{", f"    default {default};", *lines, "}"])


def _formats(style: Style, xhr: bool) -> Iterator[tuple[str, str]]:
    """Give the rules that find what a client wants, the most wanted first."""
    if style.heeds_xhr and xhr:
        yield from _named(style.name, "XMLHttpRequest", (JSON, XML), JSON)
    yield from _named(style.name, "[^ ]*", style.offers, style.default)


def _named(style: str, requested_with: str, offers: Sequence[str], default: str) -> Iterator[tuple[str, str]]:
    # XML is not wanted where HTML or JSON are named, too, even if there is no HTML, so it comes after both.
    order = [default, *(media_type for media_type in (HTML, JSON, XML, TEXT) if media_type != default)]
    for media_type in order:
        if media_type in offers:
            yield f"^{style} {requested_with} .*(?:{_NAMED[media_type]})", EXTENSIONS[media_type]
        elif media_type == HTML:
            yield f"^{style} {requested_with} .*text/html", EXTENSIONS[default]
    yield f"^{style} {requested_with} ", EXTENSIONS[default]


def _headers(files: Sequence[Made]) -> Iterator[tuple[str, str | list[tuple[str, str]]]]:
    """Give each header with its value, or with the rules that find it where it is not the same for all files."""
    by_name: dict[str, dict[str, str]] = {}
    for file in files:
        for name, value in file.headers:
            if name.lower() not in _NOT_SAID:
                by_name.setdefault(name, {})[file.path] = value
    for name, values in by_name.items():
        if len(values) == len(files) and len(set(values.values())) == 1:
            yield name, next(iter(values.values()))
        else:
            yield name, _rules({file.path: values.get(file.path, "") for file in files})


_KEYS: Sequence[Callable[[str], str]] = (
    lambda path: rf"\.{path.rpartition('.')[2]}$",
    lambda path: f"/{path.rpartition('/')[2].partition('.')[0]}[.]",
    lambda path: f"^/{FOLDER}/{re.escape(path.partition('/')[0])}/",
    lambda path: f"^/{FOLDER}/{re.escape(path)}$",
)


def _rules(values: Mapping[str, str]) -> list[tuple[str, str]]:
    """Find the shortest rules that tell the value of each path: by extension, status, folder, or one by one."""
    grouped = (_grouped(values, key) for key in _KEYS)
    found = next(each for each in grouped if all(len(those) == 1 for those in each.values()))
    return [(pattern, value) for pattern, (value,) in found.items() if value]


def _grouped(values: Mapping[str, str], key: Callable[[str], str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for path, value in values.items():
        found.setdefault(key(path), set()).add(value)
    return found


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
