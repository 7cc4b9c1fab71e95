"""``text/plain``: a problem as a person reads it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from errbridge.incident import Incident
from errbridge.languages.language import Language
from errbridge.languages.message import Message
from errbridge.problem.values import JSONValue, to_json_value

__all__ = ["render_text"]


def render_text(incident: Incident) -> bytes:
    """Render the problem of an incident as readable text."""
    problem, language = incident.problem, incident.language
    lines = [f"{problem.status} {problem.title}"]
    if problem.detail:
        lines += "", problem.detail
    if problem.extensions:
        lines.append("")
        for name, value in problem.extensions.items():
            lines.extend(_write_member(str(to_json_value(name)), to_json_value(value), language))
    if incident.reference:  # nothing would be found by it otherwise
        lines += "", language.translate(Message("Reference: {reference}", reference=incident.id))
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _write_member(name: str, value: JSONValue, language: Language) -> Iterator[str]:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):  # validation errors, for instance
        yield f"{name}:"
        for item in value:
            yield f"- {_write_value(item, language)}"
    else:
        yield f"{name}: {_write_value(value, language)}"


def _write_value(value: JSONValue, language: Language) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return language.translate(Message("yes") if value else Message("no"))
        case list():
            return ", ".join(_write_value(item, language) for item in value)
        case dict():
            return ", ".join(f"{name}: {_write_value(item, language)}" for name, item in value.items())
        case _:
            return " ".join(str(value).split())
