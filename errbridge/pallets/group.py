"""The group ``errors`` of the command lines of Flask and Quart.

Every run of ``flask`` or ``quart`` loads it, ``flask run`` too, and with it the adapter, which an application that uses
errbridge has loaded anyway. The commands, and `errbridge.inspection`, come when one of them is asked for. click is
imported here and in `errbridge.pallets.commands` only, never by an application.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

__all__ = ["ErrorsGroup"]


class ErrorsGroup(click.Group):
    """Commands that look at the error handling of an application.

    Args:
        load: Returns the application that the framework's command line is about.
        answer: Calls error handlers in the framework's own colour; see `errbridge.pallets.commands.Answer`.
    """

    def __init__(self, load: Callable[[click.Context], Any], answer: Callable[..., Any]) -> None:
        super().__init__("errors", help="Look at the error handling of the application (errbridge).")
        self._arguments = load, answer

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of the commands."""
        self._load()
        return super().list_commands(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Find a command by its name."""
        self._load()
        return super().get_command(ctx, cmd_name)

    def _load(self) -> None:
        if not self.commands:
            from errbridge.pallets.commands import build_commands

            for command in build_commands(*self._arguments):
                self.add_command(command)
