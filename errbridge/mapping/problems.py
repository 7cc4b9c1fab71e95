"""The problem of uncaught exceptions, which says nothing of them, and what any problem gets before it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from errbridge.http.headers import clean_headers, split_list
from errbridge.http.request import RequestFacts
from errbridge.languages.language import ENGLISH, SHORT, Language
from errbridge.problem.problem import Problem, write_detail
from errbridge.representations.words import find_words

__all__ = ["complete", "localize", "uncaught_problem"]


@lru_cache(maxsize=64)
def uncaught_problem(detail: str) -> Problem:
    """Return the problem of every uncaught exception, with ``ERROR_DEFAULT_MSG`` as its detail for programs."""
    problem = Problem(500, detail=detail)
    problem._has_default_detail = True  # pyright: ignore[reportPrivateUsage]
    return problem


def complete(
    problem: Problem, request: RequestFacts, incident_id: str, type_uri: str | None, *, language: Language = ENGLISH
) -> Problem:
    """Copy a problem and fill in what its author left open: ``type`` and ``instance``, "" for none.

    Its headers become safe to send, the facts in them members too, and its texts those of the language.
    """
    headers = problem.headers
    if request.allow and problem.status == 405:
        headers = (*headers, ("Allow", ",".join(request.allow)))
    if headers:
        headers = clean_headers(headers)
    members = _header_members(headers) if headers else {}
    if request.trace_id:
        members = {"trace_id": request.trace_id} | members
    if request.request_id:
        members = {"request_id": request.request_id} | members
    instance = f"urn:uuid:{incident_id}" if incident_id else None
    completed = problem.fill_in(type=type_uri, instance=instance, headers=headers, extensions=members)
    if language is not ENGLISH:
        localize(completed, language)
    return completed


def localize(problem: Problem, language: Language) -> None:
    """Translate what a problem says."""
    translate, values = language.translate, vars(problem)  # an attribute of an exception is slow to read
    values["title"] = translate(values["title"])
    detail = values["detail"]
    if detail:
        own = write_detail(problem, translate) if "_detail_template" in values else translate(detail)
        if own == detail and values.get("_has_stock_detail"):
            hint = find_words(problem.status).hint  # the framework's sentence is English
            own = own if translate(hint) == hint else translate(hint)
        values["detail"] = own
    extensions = values["extensions"]
    if isinstance(errors := extensions.get("errors"), (list, tuple)):
        translated = _localize_errors(errors, language)
        if translated != [*errors]:
            values["extensions"] = MappingProxyType(extensions | {"errors": translated})


def _localize_errors(errors: Iterable[Any], language: Language) -> list[Any]:
    translated: list[Any] = []
    for error in errors:
        if isinstance(error, dict) and isinstance(text := error.get("detail"), str):
            # Most texts are short, and no catalogue has them.
            is_short = text.__class__ is str and 0 < len(text) <= SHORT
            own = language.look_up(text) if is_short else language.translate(text)
            translated.append(error if own == text else {**error, "detail": own})
        else:
            translated.append(error)
    return translated


def _header_members(headers: Iterable[tuple[str, str]]) -> dict[str, object]:
    """Repeat the facts of some headers as members, for clients that only see the document."""
    members: dict[str, object] = {}
    challenges: list[str] = []
    for name, value in headers:
        match name.lower():
            case "allow":
                members["allowed"] = split_list(value)
            case "www-authenticate":
                challenges.append(value)
                members["authenticate"] = challenges
            case "retry-after":
                members["retry_after"] = int(value) if value.isdigit() and len(value) < 10 else value
            case "content-range":
                units, _, rest = value.partition(" ")
                length = rest.rpartition("/")[2]
                members["units"] = units
                if length.isdigit() and len(length) < 20:
                    members["length"] = int(length)
            case _:
                pass
    return members
