"""``flask errors`` and ``quart errors``: the same commands for both, over `errbridge.inspection`.

Exit codes: 0 if all is well, 1 if ``check`` found something or ``find`` nothing, 2 if the command could not do what it
was asked.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
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
from errbridge.inspection.nginx import FOLDER, HTTP_FILE, SERVER_FILE, build_http_block, build_server_block
from errbridge.inspection.preview import build_index, list_drafts, list_folders
from errbridge.inspection.probes import capture_failures, copy_without_hooks, describe_error
from errbridge.inspection.subject import Subject
from errbridge.inspection.text import explanation_text, findings_text, listing_text, types_text
from errbridge.pallets.application import OWN_TEMPLATES
from errbridge.pallets.inspected import build_exception, build_situation, find_error_class, find_seam, inspect

__all__ = ["Answer", "build_commands"]

Answered = tuple[tuple[tuple[str, str], ...], bytes]
Answer = Callable[[Any, RequestFacts, Sequence[Callable[[BaseException], Any]]], Sequence[Answered | Exception]]
"""Calls error handlers, in the framework's own colour, within a request to an application."""

_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _echo(text: str) -> None:
    """Print a text; in colour on a terminal, unless NO_COLOR (https://no-color.org) is set."""
    click.echo(text, color=False if os.environ.get("NO_COLOR") else None)


class _Command(click.Command):
    """A command that reports a wrong use of errbridge as one of itself: by a sentence, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SetupError as error:
            raise click.UsageError(str(error), ctx) from error


class _Group(click.Group):
    command_class = _Command


def build_commands(load: Callable[[click.Context], Any], answer: Answer) -> Iterable[click.Command]:
    """Build the commands for a framework, which loads an application and answers in its own way."""
    errors = _Group()

    def load_app() -> Any:
        return load(click.get_current_context())

    @errors.command("list")
    @_json_option
    def list_command(as_json: bool) -> None:
        """List the scopes and their handlers.

        Hosts, prefixes and blueprints, with their styles and handlers, the framework's own handlers too.
        """
        listing = list_registrations(inspect(load_app()))
        _echo(_dump(listing) if as_json else listing_text(listing))

    @errors.command("explain")
    @click.argument("method")
    @click.argument("path")
    @click.argument("error", metavar="STATUS|EXCEPTION")
    @click.option("--host", help="The Host header.")
    @click.option("--accept", help="The Accept header.")
    @click.option("--xhr", flag_value="XMLHttpRequest", help="Send X-Requested-With: XMLHttpRequest.")
    @click.option("-v", "--verbose", is_flag=True, help="Show the chain, and the handlers that do not run.")
    @_json_option
    def explain_command(method: str, path: str, error: str, verbose: bool, as_json: bool, **options: Any) -> None:
        """Explain the response to an error.

        For instance: explain GET /api/orders/7 404

        METHOD is WEBSOCKET for a WebSocket of Quart. STATUS|EXCEPTION is a status code, an exception of Python or
        Werkzeug such as LookupError or NotFound, the name of a problem type or of an exception with a handler, or
        package.module:Class. No handler is called. If there is no view for the path, 404 is the error that routing
        raises, and so is 405 for a wrong method.
        """
        names = {"host": "Host", "accept": "Accept", "xhr": "X-Requested-With"}
        headers = {names[name]: value for name, value in options.items() if value is not None}
        app = load_app()  # first, as it makes the application's own modules known
        exc = build_exception(find_error_class(app, error))
        explanation = explain(inspect(app), build_situation(app, exc, (method.upper(), path, headers)))
        _echo(_dump(explanation) if as_json else explanation_text(explanation, verbose=verbose))

    @errors.command("check")
    @click.option("--ignore", multiple=True, metavar="CODE", help="Leave a check out; may be repeated.")
    @_json_option
    @click.pass_context
    def check_command(ctx: click.Context, ignore: tuple[str, ...], as_json: bool) -> None:
        """Find mistakes in the set-up.

        Handlers that never run, missing templates, misspelt keys and more. The exit code is 1 if there are any.
        """
        findings = check(inspect(load_app()), ignore)
        _echo(_dump(findings) if as_json else findings_text(findings))
        ctx.exit(1 if findings else 0)

    @errors.command("preview")
    @click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
    @_json_option
    @click.pass_context
    def preview_command(ctx: click.Context, directory: Path, as_json: bool) -> None:
        """Write every page and document to files.

        They go to DIRECTORY, with an index.html, and with a configuration for nginx, which serves them when the
        application is down. The exit code is 1 if a template or the response= decorator failed.
        """
        app = load_app()
        subject = inspect(app)
        with capture_failures() as failures:
            files = dict(_make_files(app, subject, answer, failures))
        failures = list(dict.fromkeys(failures))  # one template shows many errors
        contents = _list_contents(subject, str(directory.resolve()), files)
        for name, content in contents.items():
            _write(directory / name, content)
        if as_json:
            click.echo(_dump({"files": list(contents), "failures": failures}))
        else:
            click.echo(f"{len(contents)} files below {directory}")
            for failure in failures:
                click.echo(f"failed: {failure}", err=True)
        ctx.exit(1 if failures else 0)

    @errors.command("eject")
    @click.argument("name", required=False)
    @click.option("--force", is_flag=True, help="Overwrite a template that exists.")
    @_json_option
    def eject_command(name: str | None, force: bool, as_json: bool) -> None:
        """Copy the built-in page's template, to edit it.

        NAME is the name of the copy among the application's templates; by default ERROR_PAGE, or error.html. For most
        changes, extend errbridge/page.html instead: your template then follows later versions.
        """
        app = load_app()
        page = find_seam(app).installation.error_map().settings.page
        name = name or page or "error.html"
        path = Path(app.root_path, app.template_folder or "templates", name)
        if path.exists() and not force:
            raise SetupError(f"{path} exists; --force overwrites it, another NAME leaves it alone")
        source, _, _ = OWN_TEMPLATES.get_source(app.jinja_env, "errbridge/page.html")
        _write(path, source.encode())
        click.echo(_dump({"file": str(path)}) if as_json else str(path))
        if not as_json and name != page and not name.rpartition("/")[0].endswith("errors"):
            click.echo(f'Set ERROR_PAGE = "{name}", to show it for errors.')

    @errors.command("types")
    @click.option("--schema", "--json", "form", flag_value="schema", help="Print one JSON Schema.")
    @click.option("--openapi", "form", flag_value="openapi", help="Print components of OpenAPI 3.1.")
    def types_command(form: str | None) -> None:
        """List the problem types."""
        installation = find_seam(load_app()).installation
        catalogue = Catalogue.of(installation.problem_types, type_uri=installation.error_map().settings.type_uri)
        forms = {"schema": catalogue.schema, "openapi": catalogue.openapi}
        _echo(types_text(catalogue) if form is None else _dump(forms[form]()))

    @errors.command("find")
    @click.argument("incident", metavar="ID")
    @click.argument("files", type=click.File(encoding="utf-8", errors="replace"), nargs=-1)
    @_json_option
    @click.pass_context
    def find_command(ctx: click.Context, incident: str, files: Sequence[TextIO], as_json: bool) -> None:
        """Find the records of an incident in logs.

        ID is what a client quotes: the id, its first 8 characters, or the instance of a document. FILES are logs, as
        text or in lines of JSON, compressed if they end in .gz; without one, standard input is read. The exit code is 1
        if nothing is found.
        """
        wanted = check_id(incident)
        logs = files or (sys.stdin,)
        found = [each for log in logs for each in find_records(wanted, log.name, _read_lines(log))]
        if as_json:
            _echo(_dump(found))
        elif found:
            _echo("\n\n".join(record_text(record) for record in found))
        else:
            hint = "errors of clients (4xx) have one only where the logger 'errbridge' is at INFO and has a handler"
            click.echo(f"no record of {wanted} in what was read; {hint}", err=True)
        ctx.exit(0 if found else 1)

    return errors.commands.values()


def _read_lines(log: TextIO) -> Iterator[str]:
    if not log.name.endswith(".gz"):
        yield from log
        return
    try:
        with gzip.open(log.buffer, "rt", encoding="utf-8", errors="replace") as lines:
            yield from lines
    except (OSError, EOFError, zlib.error) as error:
        raise SetupError(f"{log.name} cannot be read: {error}") from error


def _make_files(app: Any, subject: Subject, answer: Answer, failures: list[str]) -> Iterator[tuple[str, Answered]]:
    seam, installation = find_seam(app), copy_without_hooks(subject.installation)
    for folder in list_folders(subject):
        request = folder.context.request
        if not request.routing:  # only its views lead there
            continue
        drafts = list(list_drafts(installation, folder))
        handlers = [seam.make_handler(Run(installation, request).start(show(each))) for _, each in drafts]
        for (path, _), answered in zip(drafts, answer(app, request, handlers), strict=True):
            if isinstance(answered, Exception):  # in propagate mode, where failures are raised for the developer
                place = installation.application.locate_template_error(answered)
                failures.append(": ".join(filter(None, (path, place, describe_error(answered)))))
            else:
                yield path, answered


def _list_contents(subject: Subject, directory: str, files: Mapping[str, Answered]) -> Mapping[str, bytes]:
    headers = {path: headers for path, (headers, _) in files.items()}
    return {f"{FOLDER}/{path}": body for path, (_, body) in files.items()} | {
        "index.html": build_index(files, f"{FOLDER}/")[0],
        HTTP_FILE: build_http_block(subject, directory, headers).encode(),
        SERVER_FILE: build_server_block(directory, headers).encode(),
    }


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error}") from error


def _dump(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False, default=asdict)
