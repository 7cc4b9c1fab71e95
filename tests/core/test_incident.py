"""The values that flow."""

from __future__ import annotations

import copy
import dataclasses
import os
import pickle
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from errbridge import Incident, Page, Problem, Reply, RequestFacts
from errbridge.http.headers import RequestHeaders
from errbridge.incident import CloseFrame, new_id
from errbridge.scopes.scope import ROOT
from tests.core.fakes import incident_of

PAIRS = [("Accept", "text/html"), ("X-A", "1"), ("accept", "text/plain"), ("x-a", "")]


def test_headers_are_found_by_name_in_any_case_and_several_lines_are_joined() -> None:
    headers = RequestHeaders(lambda: PAIRS)

    assert headers["ACCEPT"] == headers["accept"] == "text/html, text/plain"
    assert headers.get("X-a") == "1, "
    assert headers.get("x-b") is None
    assert "x-A" in headers
    assert "X-B" not in headers
    assert dict(headers) == {"accept": "text/html, text/plain", "x-a": "1, "}
    assert len(headers) == 2
    with pytest.raises(KeyError):
        headers["nope"]


def test_headers_are_read_once_and_not_before_the_first_look() -> None:
    reads = []

    def read() -> Iterable[tuple[str, str]]:
        reads.append(1)
        return iter(PAIRS)

    headers = RequestHeaders(read)
    assert reads == []
    assert (headers["x-a"], headers["x-a"], len(headers)) == ("1, ", "1, ", 2)
    assert reads == [1]


def test_there_may_be_no_headers_at_all() -> None:
    assert dict(RequestHeaders()) == {}
    assert dict(RequestFacts().headers) == {}


def test_facts_have_defaults_that_say_nothing() -> None:
    facts = RequestFacts()

    assert (facts.method, facts.path, facts.host, facts.accept) == ("GET", "/", "", "")
    assert (facts.xhr, facts.routing, facts.websocket, facts.endpoint) == (False, False, False, None)
    assert (facts.blueprints, facts.rule_blueprints) == ((), ())


def test_an_incident_starts_at_the_application_without_a_media_type() -> None:
    incident = incident_of(Problem(404))

    assert incident.scope == ROOT
    assert incident.media_type == ""


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (incident_of(), "id"),
        (RequestFacts(), "path"),
        (Reply(), "body"),
        (Page("x.html"), "template"),
    ],
)
def test_nothing_that_flows_can_be_changed(value: Any, name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(value, name, "changed")


@pytest.mark.parametrize("value", [Reply("gone", 410, (("X-Since", "2020"),)), Page("x.html")])
def test_what_a_handler_returns_can_be_copied_and_compares_by_what_it_says(value: Any) -> None:
    for same in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert same == value
        assert repr(same) == repr(value)
        assert type(same) is type(value)

    assert value not in (Reply("gone"), Page("y.html"), ("x.html", {}))


def test_replies_that_say_the_same_are_one_in_a_set() -> None:
    assert {Reply("x", 404), Reply(body="x", status=404), Reply("x", 405)} == {Reply("x", 404), Reply("x", 405)}


def test_what_is_given_cannot_be_taken_away() -> None:
    with pytest.raises(AttributeError, match="cannot delete field 'status'"):
        del Reply("x", 404).status


def test_a_subclass_may_know_more_but_changes_nothing_either() -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Gone(Reply):
        since: int = 0

    gone = Gone("gone", 410, since=2020)
    with pytest.raises(AttributeError):
        gone.status = 404  # type: ignore[misc]

    assert (gone.status, gone.since) == (410, 2020)
    assert gone != Reply("gone", 410)
    assert repr(gone) == f"{Gone.__qualname__}(body='gone', status=410, headers=(), since=2020)"


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Reply("gone", 410), {"status": 404}),
        (incident_of(), {"media_type": "text/plain"}),
        (CloseFrame(4404, "404 Not Found"), {"reason": ""}),
    ],
)
def test_a_value_that_differs_in_a_field_is_made_by_dataclasses_replace(value: Any, changes: dict[str, Any]) -> None:
    other = dataclasses.replace(value, **changes)

    assert type(other) is type(value)
    assert other != value
    for name in (field.name for field in dataclasses.fields(value)):
        assert getattr(other, name) == changes.get(name, getattr(value, name))


def test_a_reply_keeps_the_errors_status_unless_it_says_otherwise() -> None:
    assert (Reply("x").status, Reply("x", 404).status, Reply().body) == (None, 404, b"")


def test_a_page_is_one_template_or_several_with_any_context() -> None:
    context: dict[str, Any] = {"template": "t", "self": 1, "error": 2}
    page = Page("a.html", **context)

    assert page.template == "a.html"
    assert page.context == {"template": "t", "self": 1, "error": 2}
    assert Page(["a.html", "b.html"]).template == ("a.html", "b.html")
    assert Page(name for name in ("a", "b")).template == ("a", "b")
    assert Page("a", x=1) == Page("a", x=1)
    assert Page("a", x=1) != Page("a", x=2)


def test_an_incident_keeps_the_exception_that_was_raised() -> None:
    raised = ValueError("x")
    incident = Incident(raised, Problem(500), RequestFacts(), "id")

    assert incident.exception is raised


@pytest.mark.parametrize("template", ["", [], ["a.html", ""], ["a.html", 5], [None]])
def test_a_page_without_the_name_of_a_template_is_refused(template: Any) -> None:
    with pytest.raises(TypeError, match="takes the name of a template"):
        Page(template)


@pytest.mark.parametrize("body", [None, 5, True, ["a"], object()])
def test_a_reply_whose_body_is_neither_text_nor_bytes_is_refused(body: Any) -> None:
    with pytest.raises(TypeError, match="the body of a Reply is text or bytes"):
        Reply(body)


@pytest.mark.parametrize("status", ["404", 0, 99, 600, 99999, -1, 4.5, True])
def test_a_reply_with_a_status_that_http_does_not_have_is_refused(status: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="status of a"):
        Reply("x", status)


# Ids.


def test_an_id_is_a_uuid_all_of_whose_other_bits_are_random() -> None:
    ids = [uuid.UUID(new_id()) for _ in range(4000)]

    assert {(found.version, found.variant) for found in ids} == {(4, uuid.RFC_4122)}
    for bit in range(128):
        ones = Counter(found.int >> bit & 1 for found in ids)[1]
        fixed = {0: 0, len(ids): 1}.get(ones)
        assert (fixed is not None) == (bit in (62, 63, 76, 77, 78, 79)), bit
        assert fixed is not None or 0.4 < ones / len(ids) < 0.6, bit


def test_threads_do_not_get_the_same_ids() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = [
            incident_id for ids in pool.map(lambda _: [new_id() for _ in range(500)], range(40)) for incident_id in ids
        ]

    assert len(set(found)) == len(found) == 20_000


_FORKED = """
import os
from errbridge.incident import CloseFrame, new_id
new_id()  # by now there may be others that nobody has got
read, write = os.pipe()
child = os.fork()
if not child:
    os.write(write, "".join(new_id() for _ in range(100)).encode())
    os._exit(0)
os.waitpid(child, 0)
sent = os.read(read, 3600).decode()
ids = [sent[start : start + 36] for start in range(0, 3600, 36)] + [new_id() for _ in range(100)]
print(len(ids), len(set(ids)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork()")
def test_a_forked_process_gives_other_ids_than_its_parent() -> None:
    done = subprocess.run([sys.executable, "-c", _FORKED], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout.split() == ["200", "200"]
