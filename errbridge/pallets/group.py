"""The group ``errors`` of the command lines of Flask and Quart.

Every run of ``flask`` or ``quart`` loads it, ``flask run`` too, and with it the adapter, which an application that uses
errbridge has loaded anyway. The commands, and `errbridge.inspection`, come when one of them is asked for. click is
imported here and in `errbridge.pallets.commands` only, never by an application.
"""

from __future__ import annotations

from typing import Any

import click

from errbridge.errors import SetupError

__all__ = ["errors"]


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return _load_commands().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return _load_commands().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Report a wrong use of errbridge as one of the command line: by a sentence, with exit code 2."""
        try:
            return super().invoke(ctx)
        except SetupError as error:
            raise click.UsageError(str(error)) from error


def _load_commands() -> click.Group:
    from errbridge.pallets.commands import commands

    return commands


errors = _Group("errors", help="Look at the error handling of the application (errbridge).")
