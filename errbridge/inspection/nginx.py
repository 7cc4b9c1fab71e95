"""The configuration with which nginx answers by the files of `errbridge.inspection.preview` what it answers itself.

nginx finds the scope by a regular expression of host and path, in errbridge's own order of precedence, and the format
by the Accept header. It does not read q-values, so the format is right for headers without them, and the language for
headers that begin with the most wanted, as those of browsers do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath

from errbridge.http.accept import HTML, JSON, TEXT, XML
from errbridge.http.language import MEANINGS
from errbridge.inspection.preview import EXTENSIONS, STATUSES, list_folders
from errbridge.inspection.subject import Subject
from errbridge.representations.styles import Style
from errbridge.scopes.scope import ROOT

__all__ = ["FOLDER", "build_configuration"]

FOLDER = "error-pages"
"""The folder of the files, and the beginning of the paths by which nginx finds them."""

_HTTP_FILE = "nginx-http.conf"
_SERVER_FILE = "nginx-server.conf"

_NAMED = {
    HTML: r"text/(?:html|\*)|application/xhtml\+xml",
    JSON: r"json|application/\*",
    XML: r"(?:application/(?:problem\+)?|text/)xml",
    TEXT: r"text/(?:plain|\*)",
}

Rules = Sequence[tuple[str, str]]
"""Pairs of a regular expression and a value; the first that matches counts."""


def build_configuration(
    subject: Subject, directory: str, files: Mapping[str, Iterable[tuple[str, str]]]
) -> dict[str, str]:
    """Build the part for nginx's ``http`` block and the one for each ``server`` block, by the names of their files.

    *directory* is the absolute path of the directory with all of this. *files* are the paths of pages and documents,
    below the folder of all, with the headers of their responses.
    """
    # All variables begin alike, so that one nginx can have several applications; 46 characters are allowed.
    prefix = "errbridge_" + re.sub("[^a-z0-9]+", "_", PurePath(directory).name.lower())[:16]
    headers: dict[str, dict[str, str]] = {}
    for path, given in files.items():
        for name, value in given:
            headers.setdefault(name.title(), dict.fromkeys(files, ""))[path] = value
    headers.pop("Content-Length", None)
    types = {path.rpartition(".")[2]: value for path, value in headers.pop("Content-Type").items()}
    maps = [*_list_maps(subject, prefix)]
    for number, (name, values) in enumerate(headers.items()):
        maps.append(_build_map(f"{name} of each file.", f"$uri ${prefix}_header_{number}", '""', _find_rules(values)))
    head = f"# Made by errbridge. In the http block:\n#     include {_quote(f'{directory}/{_HTTP_FILE}')};"
    types_block = "\n".join(f"        {_quote(name)} {extension};" for extension, name in sorted(types.items()))
    headers_block = "\n".join(
        f"    add_header {name} ${prefix}_header_{number} always;" for number, name in enumerate(headers)
    )
    server = f"""\
# Made by errbridge. In each server block in front of the application:
#     include {_quote(f"{directory}/{_SERVER_FILE}")};
#
# The files are for what nginx answers itself, such as 502 when the application is down. What the
# application answers stays as it is: for that, proxy_intercept_errors has to be off, its default.
# With it on, the files would take the place of the application's own answers, too.
# A location with an error_page of its own does not inherit this one; repeat it there.

error_page {" ".join(map(str, STATUSES))} /{FOLDER}/${prefix}_scope${prefix}_language/$status.${prefix}_format;

location ^~ /{FOLDER}/ {{
    internal;
    root {_quote(directory)};
    try_files $uri /{FOLDER}/app${prefix}_language/$status.${prefix}_format /{FOLDER}/app/$status.html =500;
    charset off;
    types {{
{types_block}
    }}
{headers_block}
}}
"""
    return {_HTTP_FILE: "\n".join([head, *maps, ""]), _SERVER_FILE: server}


def _list_maps(subject: Subject, prefix: str) -> Iterator[str]:
    """List the maps that find the scope, its style, the format and the language."""
    folders = [folder for folder in list_folders(subject) if folder.context.request.routing]
    places = [(f"^{''.join(subject.locate(each.scope))}(?:/|$)", each.name) for each in folders if each.scope != ROOT]
    by_name = {folder.name: folder.context.look.style for folder in folders}
    styles = [(f"^{re.escape(name)}$", style.name) for name, style in by_name.items()]
    formats = [rule for style in dict.fromkeys(by_name.values()) for rule in _list_formats(style)]
    last, languages = by_name["app"], list(_list_languages(subject.error_map.settings.languages))
    wanted = f'"${prefix}_style $http_x_requested_with $http_accept" ${prefix}_format'
    yield _build_map("Whose URL it is; the nearest scope comes first.", f'"$host$uri" ${prefix}_scope', "app", places)
    yield _build_map("How the errors of each scope look.", f"${prefix}_scope ${prefix}_style", last.name, styles)
    yield _build_map("What the client wants, without q-values.", wanted, EXTENSIONS[last.default], formats)
    language = f"$http_accept_language ${prefix}_language"
    yield _build_map("The first of its languages that there is.", language, '""', languages)


def _build_map(comment: str, variables: str, default: str, rules: Rules) -> str:
    sign = "~" if variables.endswith("_scope") else "~*"  # paths are compared case by case
    lines = [f"    {_quote(f'{sign}{pattern}')} {_quote(value)};" for pattern, value in rules]
    return "\n".join(["", f"# {comment}", f"map {variables} {{", f"    default {default};", *lines, "}"])


def _list_formats(style: Style) -> Iterator[tuple[str, str]]:
    """List the rules that find the format for a client, the most wanted first."""
    if style.heeds_xhr:
        yield from _list_named(f"^{style.name} XMLHttpRequest ", (JSON, XML), JSON)
    yield from _list_named(f"^{style.name} [^ ]* ", style.offers, style.default)


def _list_named(client: str, offers: Sequence[str], default: str) -> Iterator[tuple[str, str]]:
    # XML comes after HTML and JSON: it is not wanted if one of them is named too, even if there is no HTML.
    for media_type in dict.fromkeys((default, HTML, JSON, XML, TEXT)):
        if media_type in offers:
            yield f"{client}.*(?:{_NAMED[media_type]})", EXTENSIONS[media_type]
        elif media_type == HTML:
            yield f"{client}.*text/html", EXTENSIONS[default]
    yield client, EXTENSIONS[default]


def _list_languages(languages: Sequence[str]) -> Iterator[tuple[str, str]]:
    """List the rules that find the folder of a language: that of the first range that leads to one."""
    aliases = {name: tag for name, meant in MEANINGS.items() for tag in languages if tag.lower() == meant}
    tags = aliases | {tag.lower(): tag for tag in languages}
    names = sorted(tags, key=len, reverse=True)  # the longest first, as a range is made shorter from its end
    end = "(?:[-,; ]|$)"
    others = f"(?:(?! *(?:{'|'.join(map(re.escape, names))}){end})[^,]*,)*"
    for name in names:
        suffix = "" if tags[name] == languages[0] else f".{tags[name]}"
        yield f"^{others} *{re.escape(name)}{end}", suffix


_KEYS: Sequence[Callable[[str], str]] = (
    lambda path: rf"\.{path.rpartition('.')[2]}$",
    lambda path: f"/{path.rpartition('/')[2].partition('.')[0]}[.]",
    lambda path: f"^/{FOLDER}/{re.escape(path.partition('/')[0])}/",
    lambda path: f"^/{FOLDER}/{re.escape(path)}$",
)


def _find_rules(values: Mapping[str, str]) -> Rules:
    """Find the fewest rules for the value of each path: by extension, status, folder, or one by one."""
    groups = ({(key(path), value) for path, value in values.items()} for key in _KEYS)
    rules = next(each for each in groups if len({pattern for pattern, _ in each}) == len(each))
    return [(pattern, value) for pattern, value in sorted(rules) if value]


def _quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
