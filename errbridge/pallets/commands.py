"""``flask errors`` and ``quart errors``: the same commands for both, over `errbridge.inspection`.

Exit codes: 0 if all is well, 1 if ``check`` found something, 2 if the command could not do what it was asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from errbridge.catalogue import Catalogue
from errbridge.errors import SetupError
from errbridge.handling.plan import shown
from errbridge.http.request import RequestFacts
from errbridge.inspection.checks import checked
from errbridge.inspection.explanation import explained
from errbridge.inspection.listing import listing
from errbridge.inspection.nginx import FOLDER, HTTP_FILE, SERVER_FILE, Made, http_block, server_block
from errbridge.inspection.preview import Room, rooms, sheets, unobserved
from errbridge.inspection.subject import as_data
from errbridge.inspection.text import explanation_text, findings_text, listing_text, types_text
from errbridge.pallets.inspected import PalletsSubject, error_class, situation, specimen

__all__ = ["Answered", "commands"]

Handling = Callable[[BaseException], Any]
"""An error handler of a framework's own colour."""

Answered = Callable[
    [Any, RequestFacts, Sequence[Handling]], Sequence[tuple[tuple[tuple[str, str], ...], bytes] | Exception]
]
"""Calls error handlers within a request to an application; gives the headers and the body of each answer."""

_json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


class _Command(click.Command):
    """A command that tells a wrong use of errbridge like a wrong use of itself: by a sentence, with exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SetupError as error:
            raise click.UsageError(str(error), ctx) from error


class _Group(click.Group):
    command_class = _Command


def commands(load: Callable[[click.Context], Any], answered: Answered) -> Iterable[click.Command]:
    """Make the commands for a framework.

    Args:
        load: Gives the application that the framework's command line was given.
        answered: Calls error handlers in the framework's own colour.
    """

    def subject() -> PalletsSubject:
        return PalletsSubject(load(click.get_current_context()))

    errors = _Group()

    @errors.command("list")
    @_json_option
    def list_command(as_json: bool) -> None:
        """Show what is registered.

        Hosts, prefixes, blueprints, styles and handlers, those of the framework too.
        """
        found = listing(subject())
        click.echo(_dumped(as_data(found)) if as_json else listing_text(found))

    @errors.command("explain")
    @click.argument("method")
    @click.argument("path")
    @click.argument("error", metavar="STATUS|EXCEPTION")
    @click.option("--host", help="The Host header.")
    @click.option("--accept", help="The Accept header.")
    @click.option("--xhr", is_flag=True, help="As an XMLHttpRequest.")
    @_json_option
    def explain_command(
        method: str, path: str, error: str, host: str | None, accept: str | None, xhr: bool, as_json: bool
    ) -> None:
        """Say who would answer an error, and why.

        STATUS|EXCEPTION is a status code, an exception of Python such as LookupError, or package.module:Class. No
        handler is called. A 404 or 405 that routing answers itself is explained as such.
        """
        sent = {"Host": host, "Accept": accept, "X-Requested-With": "XMLHttpRequest" if xhr else None}
        headers = {name: value for name, value in sent.items() if value is not None}
        about = subject()  # first, as it makes the application's own modules known
        exc = specimen(error_class(error))
        found = explained(about, situation(about, exc, method.upper(), path, headers))
        click.echo(_dumped(as_data(found)) if as_json else explanation_text(found))

    @errors.command("check")
    @click.option("--ignore", multiple=True, metavar="CODE", help="Leave a check out; may be repeated.")
    @_json_option
    @click.pass_context
    def check_command(ctx: click.Context, ignore: tuple[str, ...], as_json: bool) -> None:
        """Find what can never work.

        Unreachable handlers, missing templates, conflicting types and more. The exit code is 1 if there is anything.
        """
        found = checked(subject(), ignore)
        click.echo(_dumped(as_data(found)) if as_json else findings_text(found))
        ctx.exit(1 if found else 0)

    @errors.command("preview")
    @click.argument("directory", type=click.Path(file_okay=False, path_type=Path))
    @click.pass_context
    def preview_command(ctx: click.Context, directory: Path) -> None:
        """Write every page and document to files.

        They go to DIRECTORY, with the configuration by which nginx serves them when the application is down. The exit
        code is 1 if one of them could not be made as the application wants it, by its template for instance.
        """
        about = subject()
        with unobserved(about.installation) as complaints:
            files = [made for room in rooms(about) for made in _made(about, room, answered, complaints)]
        written = _written(about, directory.resolve(), files)
        click.echo(f"{len(written)} files below {directory}")
        for complaint in complaints:
            click.echo(f"could not be made as it should be: {complaint}", err=True)
        ctx.exit(1 if complaints else 0)

    @errors.command("types")
    @click.option("--schema", "form", flag_value="schema", help="As one JSON Schema.")
    @click.option("--openapi", "form", flag_value="openapi", help="As components of OpenAPI 3.1.")
    def types_command(form: str | None) -> None:
        """Show the catalogue of problem types."""
        installation = subject().installation
        catalogue = Catalogue.of(installation.problem_types, type_uri=installation.table().settings.type_uri)
        forms = {"schema": catalogue.schema, "openapi": catalogue.openapi}
        click.echo(types_text(catalogue) if form is None else _dumped(forms[form]()))

    return errors.commands.values()


def _made(about: PalletsSubject, room: Room, answered: Answered, complaints: list[str]) -> Iterator[Made]:
    found = list(sheets(about, room))
    handlers = [about.seam.handler(shown(sheet.case)) for sheet in found]
    for sheet, answer in zip(found, answered(about.app, room.request, handlers), strict=True):
        if isinstance(answer, Exception):  # where failures are shown to the developer
            complaints.append(f"{sheet.path}: {answer}")
        else:
            yield Made(sheet.path, *answer)


def _written(about: PalletsSubject, directory: Path, files: Sequence[Made]) -> list[Path]:
    installation = about.installation
    converters, xhr = installation.framework.converters, installation.table().settings.xhr_enabled
    contents = {f"{FOLDER}/{file.path}": file.body for file in files} | {
        HTTP_FILE: http_block(str(directory), rooms(about), files, converters, xhr).encode(),
        SERVER_FILE: server_block(str(directory), files).encode(),
    }
    for name, content in contents.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return [directory / name for name in contents]


def _dumped(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
