"""``flask errors`` and ``quart errors``: the same commands for both, over `errbridge.inspection`.

Exit codes: 0 if all is well, 1 if ``check`` found something or ``find`` nothing, 2 if the command could not do what it
was asked.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, TextIO

import click

from errbridge import RequestFacts
from errbridge.adapter import Run
from errbridge.catalogue import Catalogue
from errbridge.errors import SetupError
from errbridge.handling.respond import show
from errbridge.inspection.checks import check
from errbridge.inspection.explanation import explain
from errbridge.inspection.finding import check_id, find_records, record_text
from errbridge.inspection.listing import list_registrations
from errbridge.inspection.nginx import FOLDER, build_configuration
from errbridge.inspection.preview import build_index, list_drafts, list_folders
from errbridge.inspection.subject import Subject, capture_failures, describe_error
from errbridge.inspection.text import type_text, write_explanation, write_findings, write_listing
from errbridge.pallets.application import OWN_TEMPLATES
from errbridge.pallets.inspected import build_exception, build_situation, find_seam, inspect

__all__ = ["commands"]

commands = click.Group()

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _load_app() -> Any:
    return click.get_current_context().obj.load_app()  # a ScriptInfo, of either framework


def _print(value: Any, as_json: bool, write: Callable[[Any], Iterable[str]]) -> None:
    """Print a value as JSON or in lines; in colour on a terminal, unless NO_COLOR (https://no-color.org) is set."""
    encoding = sys.stdout.encoding or "utf-8"
    if as_json:
        is_plain = not encoding.lower().startswith("utf")
        text = json.dumps(value, indent=2, ensure_ascii=is_plain, default=asdict)
        text = re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)  # which a terminal would obey
    else:
        text = "\n".join(write(value))
    text = text.encode(encoding, "backslashreplace").decode(encoding)  # a pipe of Windows has few characters
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


@commands.command("list")
@_json_option
def list_command(as_json: bool) -> None:
    """List the scopes and their handlers.

    Hosts, prefixes and blueprints, with their styles and handlers, the framework's own handlers too.
    """
    _print(list_registrations(inspect(_load_app())), as_json, write_listing)


@commands.command("explain")
@click.argument("method")
@click.argument("path")
@click.argument("error", metavar="STATUS|EXCEPTION")
@click.option("--host", help="The Host header.")
@click.option("--accept", help="The Accept header.")
@click.option("--xhr", flag_value="XMLHttpRequest", help="Send X-Requested-With: XMLHttpRequest.")
@click.option("-v", "--verbose", is_flag=True, help="Show the chain, and the handlers that do not run.")
@_json_option
def explain_command(method: str, path: str, error: str, verbose: bool, as_json: bool, **options: str | None) -> None:
    """Explain the response to an error.

    For instance: explain GET /api/orders/7 404

    METHOD is WEBSOCKET for a WebSocket of Quart; PATH may be a URL. STATUS|EXCEPTION is a status code, an exception of
    Python or Werkzeug such as LookupError or NotFound, the name of a problem type or of an exception with a handler, or
    package.module:Class. No handler is called. If there is no view for the path, 404 is the error that routing raises,
    and so is 405 for a wrong method.
    """
    names = {"host": "Host", "accept": "Accept", "xhr": "X-Requested-With"}
    headers = {names[name]: value for name, value in options.items() if value is not None}
    if url := re.fullmatch(r"\w+://([^/?#]*)([^#]*).*", path):
        headers, path = {"Host": url[1], **headers}, url[2] or "/"
    app = _load_app()  # first, as it makes the application's own modules known
    exc = build_exception(app, error)
    explanation = explain(inspect(app), build_situation(app, exc, method.upper(), path, headers))
    _print(explanation, as_json, partial(write_explanation, verbose=verbose))


@commands.command("check")
@click.option("--ignore", multiple=True, metavar="CODE", help="Leave a check out; may be repeated.")
@_json_option
@click.pass_context
def check_command(ctx: click.Context, ignore: tuple[str, ...], as_json: bool) -> None:
    """Find mistakes in the set-up.

    Handlers that never run, missing templates, misspelt keys and more. The exit code is 1 if there are any.
    """
    findings = check(inspect(_load_app()), ignore)
    _print(findings, as_json, write_findings)
    ctx.exit(1 if findings else 0)


@commands.command("preview")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
@_json_option
@click.pass_context
def preview_command(ctx: click.Context, directory: Path, as_json: bool) -> None:
    """Write every page and document to files.

    They go to DIRECTORY, with an index.html, and with a configuration for nginx, which serves them when the application
    is down. The exit code is 1 if a template or the response= decorator failed.
    """
    app = _load_app()
    subject = inspect(app)
    with capture_failures() as failures:
        files = dict(_make_files(app, subject, failures))
    headers = {path: headers for path, (headers, _) in files.items()}
    configuration = build_configuration(subject, str(directory.resolve()), headers)
    contents = {
        **{f"{FOLDER}/{path}": body for path, (_, body) in files.items()},
        "index.html": build_index(files, f"{FOLDER}/")[0],
        **{name: text.encode() for name, text in configuration.items()},
    }
    for name, content in contents.items():
        _write(directory / name, content)
    failures = list(dict.fromkeys(failures))  # one template shows many errors
    result = {"files": list(contents), "failures": failures}
    _print(result, as_json, lambda _: [f"{len(contents)} files below {directory}"])
    for failure in () if as_json else failures:
        click.echo(f"failed: {failure}", err=True)
    ctx.exit(1 if failures else 0)


@commands.command("eject")
@click.argument("name", required=False)
@click.option("--force", is_flag=True, help="Overwrite a template that exists.")
@_json_option
def eject_command(name: str | None, force: bool, as_json: bool) -> None:
    """Copy the built-in page's template, to edit it.

    NAME is the name of the copy among the application's templates; by default ERROR_PAGE, or error.html. For most
    changes, extend errbridge/page.html instead: your template then follows later versions.
    """
    app = _load_app()
    page = find_seam(app).installation.error_map().settings.page
    name = name or page or "error.html"
    folder = Path(app.root_path, app.template_folder or "templates")
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts or not app.select_jinja_autoescape(name):
        raise SetupError(f"NAME is a path below {folder} that ends in .html, for Jinja to escape it, not {name!r}")
    if path.exists() and not force:
        raise SetupError(f"{path} exists; --force overwrites it, another NAME leaves it alone")
    source, _, _ = OWN_TEMPLATES.get_source(app.jinja_env, "errbridge/page.html")
    _write(path, source.encode())
    is_shown = name == page or name.rpartition("/")[0].endswith("errors")
    hint = [] if is_shown else [f'Set ERROR_PAGE = "{name}", to show it for errors.']
    _print({"file": str(path)}, as_json, lambda _: [str(path), *hint])


@commands.command("types")
@click.option("--schema", "--json", "form", flag_value="schema", help="Print one JSON Schema.")
@click.option("--openapi", "form", flag_value="openapi", help="Print components of OpenAPI 3.1.")
def types_command(form: str | None) -> None:
    """List the problem types."""
    installation = find_seam(_load_app()).installation
    catalogue = Catalogue.of(installation.problem_types, type_uri=installation.error_map().settings.type_uri)
    forms = {"schema": catalogue.schema, "openapi": catalogue.openapi}
    text = "\n\n".join(map(type_text, catalogue)) or "no problem types"
    _print(forms[form]() if form else None, form is not None, lambda _: [text])


@commands.command("find")
@click.argument("incident", metavar="ID")
@click.argument("files", type=click.File(encoding="utf-8", errors="replace"), nargs=-1)
@_json_option
@click.pass_context
def find_command(ctx: click.Context, incident: str, files: Sequence[TextIO], as_json: bool) -> None:
    """Find the records of an incident in logs.

    ID is what a client quotes: the id, its first 8 characters, or the instance of a document. FILES are logs, as text
    or in lines of JSON, compressed if they end in .gz; without one, standard input is read. The exit code is 1 if
    nothing is found.
    """
    wanted = check_id(incident)
    failures: list[str] = []
    lines = ((log.name, _read_lines(log, failures)) for log in files or (sys.stdin,))
    found = [each for name, read in lines for each in find_records(wanted, name, read)]
    if found or as_json:
        _print(found, as_json, lambda _: ["\n\n".join(map(record_text, found))])
    else:
        hint = "errors of clients (4xx) have one only where the logger 'errbridge' is at INFO and has a handler"
        click.echo(f"no record of {wanted} in what was read; {hint}", err=True)
    for failure in failures:
        click.echo(failure, err=True)
    ctx.exit(2 if failures else 0 if found else 1)


def _read_lines(log: TextIO, failures: list[str]) -> Iterator[str]:
    if not log.name.endswith(".gz"):
        yield from log
        return
    try:
        with gzip.open(log.buffer, "rt", encoding="utf-8", errors="replace") as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        failures.append(f"{log.name} cannot be read to its end: {error}")


_Rendered = tuple[list[tuple[str, str]], bytes]


def _make_files(app: Any, subject: Subject, failures: list[str]) -> Iterator[tuple[str, _Rendered]]:
    """Make the pages and documents of all scopes that a URL leads to, each with its headers."""
    folders = [folder for folder in list_folders(subject) if folder.context.request.routing]
    for path, context in (draft for folder in folders for draft in list_drafts(subject, folder)):
        run = Run(subject.installation, context.request).start(show(context))
        try:
            rendered = _render(app, context.request, partial(find_seam(app).carry_out, run))
        except Exception as error:  # in propagate mode, where failures are raised for the developer
            place = subject.application.locate_template_error(error)
            failures.append(": ".join(filter(None, (path, place, describe_error(error)))))
        else:
            yield path, rendered


def _render(app: Any, request: RequestFacts, handler: Callable[[BaseException], Any]) -> _Rendered:
    """Call an error handler, of either colour, within a request to the application."""
    headers = {"Host": request.host} if request.host else None
    opened = app.test_request_context(request.path, headers=headers)

    async def render_later() -> _Rendered:
        async with opened:
            opened.request.url_rule = None
            response = await handler(Exception())
            return list(response.headers), await response.get_data(as_text=False)

    if iscoroutinefunction(handler):
        return asyncio.run(render_later())
    with opened:
        opened.request.url_rule = None  # whatever is there, the pages are for where nothing is
        response = handler(Exception())
        return list(response.headers), response.get_data()


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error}") from error
