"""Ask the questions, and list how the answers differ from what is expected."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from logging.handlers import BufferingHandler
from typing import Any

from errbridge.http.accept import JSON
from errbridge.incident import Reply
from errbridge.problem.response import ClientResponse, parse_document, read_response
from errbridge.testing.conformance.cases import CASES, Fail
from errbridge.testing.conformance.description import Application, Case, Expected, Question

__all__ = ["Ask", "Build", "certify", "differences"]

Ask = Callable[[Question], Reply]
"""Ask an application a question and give the answer, with its status and headers as they are sent."""

Build = Callable[[Application], Ask]
"""Build an application as it is described."""


def certify(build: Build, cases: Iterable[Case] = CASES) -> None:
    """Make sure that an adapter does all that it should, or raise an AssertionError that lists the differences.

    The adapter under test, *build*, is called once for each application.
    """
    __tracebackhide__ = True
    built: dict[str, Ask] = {}
    found: list[str] = []
    for case in cases:
        ask = built.get(case.application.name) or built.setdefault(case.application.name, build(case.application))
        found += [f"{case}: {difference}" for difference in differences(ask, case)]
    if found:
        raise AssertionError("\n".join((f"{len(found)} differences:", *found)))


def differences(ask: Ask, case: Case) -> list[str]:
    """Ask one question. Return what is not as expected, a sentence each; nothing if all is well."""
    with _record_log() as written:
        got = read_response(ask(case.question))
    records = [record for record in written if hasattr(record, "incident_id")]
    # The framework records an uncaught exception, errbridge what failed on the way to its answer.
    records = [record for record in records if record.name == "errbridge"] or records
    return [
        *_of_response(got, case.expected),
        *_of_content(got, case),
        *_of_record(records, got, case),
        *_of_json(records, got, case.expected),
    ]


def _compare(what: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    for name, value in wanted.items():
        # As they are written: to Python, true is 1, and 1 is 1.0.
        if json.dumps(found.get(name), sort_keys=True) != json.dumps(value, sort_keys=True):
            yield f"{what} {name} is {found.get(name)!r}, not {value!r}"


def _of_response(got: ClientResponse, expected: Expected) -> Iterator[str]:
    media_type = expected.media_type or got.media_type
    found = {"status": got.status, "content type": got.media_type}
    yield from _compare("the", found, {"status": expected.status, "content type": media_type})
    always = {"X-Content-Type-Options": "nosniff"} | ({"Cache-Control": "no-store"} if got.status >= 500 else {})
    yield from _compare("the header", got.headers, always | dict(expected.headers))
    for name, item in expected.lists.items():
        if item not in [one.strip() for one in got.headers.get(name, "").split(",")]:
            yield f"the header {name} is {got.headers.get(name)!r}, without {item!r}"


def _of_content(got: ClientResponse, case: Case) -> Iterator[str]:
    body, has = case.expected.body, case.expected.has
    if case.question.method == "HEAD":
        if got.body:
            yield f"the answer to HEAD has content: {got.text[:80]!r}"
        return
    if not got.body:
        yield "there is no content"
    if body is not None and got.text != body:
        yield f"the content is {got.text[:200]!r}, not {body!r}"
    if has not in got.text:
        yield f"the content is without {has!r}: {got.text[:200]!r}"
    if Fail.__name__ in got.text or "secret" in got.text:
        yield f"the content tells what only the log may say: {got.text[:200]!r}"


def _of_record(records: list[logging.LogRecord], got: ClientResponse, case: Case) -> Iterator[str]:
    if len(records) != 1:
        yield f"the log has {len(records)} records of the error, not one"
        return
    level = case.expected.level or ("ERROR" if got.status >= 500 else "INFO")
    wanted = {"levelname": level, "scope": case.expected.owner, "status": got.status, "method": case.question.method}
    yield from _compare("in the log, the", vars(records[0]), wanted)


def _of_json(records: list[logging.LogRecord], got: ClientResponse, expected: Expected) -> Iterator[str]:
    if got.media_type not in (JSON, "application/json") or not got.body:
        if expected.members:
            yield "there is no JSON document to have members"
        return
    try:
        document = parse_document(JSON, got.body)
    except ValueError as error:
        yield str(error)
        return
    if got.media_type == JSON or expected.members:  # else it is what a handler made
        wanted = {"status": got.status, **expected.members}
        if records:
            wanted.setdefault("instance", f"urn:uuid:{vars(records[0])['incident_id']}")
        yield from _compare("the member", document, wanted)
        for name in ("type", "title"):
            if not isinstance(document.get(name), str):
                yield f"the member {name} is {document.get(name)!r}, no text"


@contextmanager
def _record_log() -> Generator[list[logging.LogRecord]]:
    """List what is written to the log meanwhile, by errbridge or the framework."""
    logger, root, handler = logging.getLogger("errbridge"), logging.getLogger(), BufferingHandler(sys.maxsize)
    level = logger.level
    root.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        yield handler.buffer
    finally:
        logger.setLevel(level)
        root.removeHandler(handler)
