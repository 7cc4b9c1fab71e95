"""The exceptions that errbridge itself raises, all of them at set-up."""

from __future__ import annotations

from collections.abc import Collection, Iterable

__all__ = ["SetupError", "locate", "suggest"]


class SetupError(ValueError):
    """errbridge was set up in a way that cannot work; the message says what to do.

    It is raised while you register, configure or initialize, never during a request.
    """


def suggest(name: object, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for a misspelling of a known name, else an empty text."""
    from difflib import get_close_matches  # not before there is a mistake

    if not isinstance(name, str):
        return ""
    by_form = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), by_form, 1, 0.6 if len(name) < 6 else 0.8)
    return f"; did you mean {by_form[close[0]]!r}?" if close else ""


_ELSEWHERE = {
    "Asgi": "errbridge.asgi",
    "Bridge": "errbridge.asgi",
    "Catalogue": "errbridge.catalogue",
    "ErrorHandler": "errbridge_flask or errbridge_quart",
    "Wsgi": "errbridge.asgi",
    "assert_problem": "errbridge.testing",
    "client_data": "errbridge.validation",
}
"""Public names that are not in `errbridge` itself."""


def locate(module: str, name: str, core: Collection[str] = ()) -> Exception:
    """Make the exception for a name that a module does not have: an ImportError says where it is.

    Python would replace the words of an AttributeError by its own when it imports the name.

    Args:
        module: The module.
        name: The name.
        core: The names that are in `errbridge` itself.
    """
    place = "errbridge" if name in core else _ELSEWHERE.get(name)
    if place is None or place == module:
        return AttributeError(f"module {module!r} has no attribute {name!r}")
    return ImportError(f"{name} is not in {module}: import it from {place}", name=module)
