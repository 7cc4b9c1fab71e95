"""``flask errors`` and ``quart errors``: the same commands for both, over `errbridge.inspection`.

Exit codes: 0 if all is well, 1 if ``check`` found something, 2 if the command could not do what it was asked.

click is imported here, and this module only when a command line runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from errbridge.errors import SetupError
from errbridge.inspection.explanation import explained
from errbridge.inspection.listing import listing
from errbridge.inspection.subject import as_data
from errbridge.inspection.text import explanation_text, listing_text
from errbridge.pallets.inspected import PalletsSubject, error_class, situation, specimen

__all__ = ["errors_group"]

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


def errors_group(load: Callable[[click.Context], Any]) -> click.Group:
    """Make the group of commands for a framework.

    Args:
        load: Gives the application that the framework's command line was given.
    """

    def subject() -> PalletsSubject:
        return PalletsSubject(load(click.get_current_context()))

    @click.group("errors", cls=_Group)
    def errors() -> None:
        """Look at the error handling of the application (errbridge)."""

    @errors.command("list")
    @_json_option
    def list_command(as_json: bool) -> None:
        """Show what is registered: hosts, prefixes, blueprints, styles, handlers."""
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
        exc = specimen(error_class(error))
        about = subject()
        found = explained(about, situation(about, exc, method.upper(), path, headers))
        click.echo(_dumped(as_data(found)) if as_json else explanation_text(found))

    return errors


def _dumped(data: object) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False)
