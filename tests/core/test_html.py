"""The built-in page."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from errbridge import Incident, Problem, RequestFacts
from errbridge.http.status import find_phrase
from errbridge.representations.html import POLICY, STYLE_HASH, build_page, render_html
from tests.core.fakes import (
    ANY_TEXT,
    ID,
    HttpError,
    NotFound,
    RaisesOnStr,
    incident_of,
)


class Reader(HTMLParser):
    """Collects what a browser would see; everything has to be closed in order."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.text: dict[str, str] = {}
        self.declarations: list[str] = []
        self.feed(page.decode())
        self.close()
        assert self.open == []

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        where = self.open[-1] if self.open else ""
        self.text[where] = self.text.get(where, "") + data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("the page has a comment")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("the page has a processing instruction")


FIXED_TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "main",
    "p",
    "h1",
    "ul",
    "li",
    "nav",
    "a",
    "footer",
    "code",
}


def as_browsers_read(link: str) -> str:
    """What a URL parser does to a link first (URL standard, section 4.4)."""
    return re.sub("[\t\n\r]", "", link.strip("".join(map(chr, range(33))))).replace("\\", "/")


def checked(page: bytes) -> Reader:
    reader = Reader(page)
    assert reader.declarations == ["DOCTYPE html"]
    assert set(reader.tags) <= FIXED_TAGS
    for name in ("html", "head", "title", "style", "body", "main", "h1", "nav"):
        assert reader.tags.count(name) == 1
    for tag, name, value in reader.attributes:
        assert not name.startswith("on")
        assert name != "style"
        assert (tag, name) in {
            ("html", "lang"),
            ("meta", "charset"),
            ("meta", "name"),
            ("meta", "content"),
            ("p", "class"),
            ("p", "dir"),
            ("h1", "dir"),
            ("li", "dir"),
            ("a", "href"),
        }
        assert value is not None
    for link in reader.links:
        assert link == "" or (link.startswith("/") and not as_browsers_read(link).startswith("//"))
    assert b"<script" not in page.lower()
    assert b"url(" not in page
    assert b"@import" not in page
    return reader


@given(
    title=ANY_TEXT, detail=ANY_TEXT, root=st.text(alphabet="/ab%é\"'<>&.:", max_size=12), status=st.integers(400, 599)
)
@example(
    title="</title><script>alert(1)</script>",
    detail="</p><img src=x onerror=alert(1)>",
    root='/"><a href="//evil',
    status=404,
)
@example(title="</style>", detail="<!-- -->", root="//evil.example/", status=503)
@example(title="&lt;", detail="&amp;", root="", status=500)
@settings(deadline=None, max_examples=200)
def test_everything_on_the_page_is_escaped_and_it_links_to_nowhere_else(
    title: str, detail: str, root: str, status: int
) -> None:
    incident = incident_of(Problem(status, title=title, detail=detail), root_path=root, host=detail, path=title)

    reader = checked(render_html(incident))

    def shown(text: str) -> str:
        return text.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")

    assert reader.text.get("h1", "").replace("\r\n", "\n").replace("\r", "\n") == shown(title)
    assert shown(detail) in reader.text["p"].replace("\r\n", "\n").replace("\r", "\n")
    assert str(status) in reader.text["title"]
    assert reader.text["code"] == ID


@pytest.mark.parametrize(
    "root",
    ["/\\evil.example", "/\t/evil.example", "\\\\evil.example", "/\n/evil.example", "/ /evil.example", "/\\/evil"],
)
def test_no_root_path_makes_a_link_to_another_host(root: str) -> None:
    checked(render_html(incident_of(Problem(404), root_path=root)))


WORDED = [400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 500, 502, 503, 504]


@pytest.mark.parametrize("status", WORDED)
def test_the_page_has_useful_words_and_a_way_out(status: int) -> None:
    reader = checked(render_html(incident_of(Problem(status))))

    assert reader.links[-1] == "/"
    assert f"Error {status}" in reader.text["p"]
    assert len(hint(status).split()) > 5
    assert reader.text["title"] == f"{status} {find_phrase(status)}"
    assert reader.text["h1"] not in ("", find_phrase(status))  # which says nothing to most people


def test_the_headings_are_not_alike() -> None:
    assert len({checked(render_html(incident_of(Problem(status)))).text["h1"] for status in WORDED}) == len(WORDED)


def test_a_title_that_says_more_than_the_status_is_the_heading() -> None:
    reader = checked(render_html(incident_of(Problem(409, title="Sold out"))))

    assert (reader.text["title"], reader.text["h1"]) == ("409 Sold out", "Sold out")
    assert "Error 409" in reader.text["p"]
    assert "Conflict" not in reader.text["p"]


def footer(page: bytes) -> str:
    return page.decode().partition("<footer>")[2]


def test_the_detail_of_a_bug_is_at_the_foot_of_the_page() -> None:
    page = render_html(incident_of(Problem(500, detail="Unhandled Exception")))

    assert '<p class="detail" dir="auto">Unhandled Exception</p>' in footer(page)
    assert page.count(b"Unhandled Exception") == 1


class OwnNotFound(NotFound):
    description = "There was a cheese here."


class Renamed(NotFound):
    def get_headers(self) -> list[tuple[str, str]]:
        return []


class Teapot(HttpError):
    code = 418
    description = "Short and stout"


@pytest.mark.parametrize(
    ("exception", "status", "detail", "expected"),
    [
        (NotFound(), 404, "Not here", True),  # the framework's own words
        (NotFound(), 404, "There was a cheese here.", False),
        (Renamed(), 404, "Not here", False),  # not where HTTP exceptions come from
        (Teapot(), 418, "Short and stout", False),  # for which we have no words
        (KeyError(), 404, "Not here", False),
    ],
)
def test_the_words_of_a_framework_make_room_for_ours(
    exception: BaseException, status: int, detail: str, expected: bool
) -> None:
    incident = incident_of(Problem(status, detail=detail), exception=exception)

    page = render_html(incident)

    assert page.count(detail.encode()) == 1
    assert (detail in footer(page)) is expected


def test_the_words_of_an_applications_own_exception_come_first() -> None:
    page = render_html(incident_of(Problem(404, detail=OwnNotFound.description), exception=OwnNotFound()))

    assert OwnNotFound.description in page.decode().partition("<footer>")[0]


def listed(errors: object) -> list[str]:
    page = render_html(incident_of(Problem(422, errors=errors)))
    checked(page)
    return [unescape(item) for item in re.findall(r"<li[^>]*>(.*?)</li>", page.decode(), re.DOTALL)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"detail": "is required", "pointer": "#/name"}, "name: is required"),
        ({"detail": "is required", "pointer": "/items/0/price"}, "items / 0 / price: is required"),
        ({"detail": "is odd", "pointer": "#/a~1b~0c"}, "a/b~c: is odd"),
        ({"detail": "is too large", "parameter": "page"}, "page: is too large"),
        ({"detail": "is missing", "header": "X-Key"}, "X-Key: is missing"),
        ({"detail": "do not match"}, "do not match"),
        ({"detail": "is wrong", "pointer": ""}, "is wrong"),
        ({"detail": "is wrong", "pointer": 5}, "is wrong"),
        ("only text", "only text"),
        ({"detail": "<b>", "pointer": "#/<i>"}, "<i>: <b>"),
    ],
)
def test_the_page_lists_what_is_wrong_with_the_input(error: object, expected: str) -> None:
    assert listed([error]) == [expected]
    assert listed((error,)) == [expected]


@pytest.mark.parametrize("errors", [[], None, "text", 5, {"a": 1}, [{}], [{"detail": 5}], [None, 5, ""], RaisesOnStr()])
def test_errors_without_words_are_not_listed(errors: object) -> None:
    assert b"<ul>" not in render_html(incident_of(Problem(422, errors=errors)))


def test_of_many_errors_the_page_lists_some() -> None:
    assert listed([{"detail": str(number)} for number in range(10)]) == [str(number) for number in range(10)]
    assert listed([{"detail": str(number)} for number in range(25)])[9:] == ["9", "and 15 more"]


def hint(status: int, **extensions: Any) -> str:
    page = render_html(incident_of(Problem(status, **extensions))).decode()
    found = re.search(r'<p class="hint">(.*?)</p>', page)
    assert found is not None
    return found[1]


def test_other_statuses_have_words_by_their_class() -> None:
    assert hint(418) == hint(451) == hint(499) == "The request could not be carried out."
    assert hint(599) == hint(501) == hint(500)
    assert "carried out" not in hint(599)


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        (1, "Try again in 1 second."),
        (2, "Try again in 2 seconds."),
        (119, "Try again in 119 seconds."),
        (120, "Try again in about 2 minutes."),
        (3600, "Try again in about 60 minutes."),
    ],
)
def test_the_page_says_how_long_to_wait(retry_after: int, expected: str) -> None:
    assert hint(503, retry_after=retry_after).endswith(f" {expected}")
    assert hint(503, headers={"Retry-After": str(retry_after)}).endswith(f" {expected}")


@pytest.mark.parametrize("retry_after", [0, -1, None, "soon", 1.5, True, [5], 10**400, RaisesOnStr()])
def test_a_wait_that_is_no_number_of_seconds_is_left_out(retry_after: object) -> None:
    if isinstance(retry_after, int) and retry_after > 10**300:
        assert "again in about" in hint(503, retry_after=retry_after) or hint(503, retry_after=retry_after) == hint(503)
    else:
        assert hint(503, retry_after=retry_after) == hint(503)


@pytest.mark.parametrize(
    ("status", "method", "root", "links"),
    [
        (404, "GET", "", ["/"]),
        (404, "GET", "/app", ["/app/"]),
        (404, "GET", "/a/b/", ["/a/b/"]),
        (503, "GET", "", ["", "/"]),
        (429, "HEAD", "/app", ["", "/app/"]),
        (500, "POST", "", ["/"]),  # a form is not sent again by a link
        (404, "GET", "//evil.example", ["/evil.example/"]),
        (404, "GET", "/é b", ["/%C3%A9%20b/"]),
    ],
)
def test_the_ways_out_are_home_and_where_it_helps_the_same_page(
    status: int, method: str, root: str, links: list[str]
) -> None:
    assert checked(render_html(incident_of(Problem(status), method=method, root_path=root))).links == links


def test_a_page_that_is_made_in_advance_has_no_reference() -> None:
    problem = Problem(404)

    page = render_html(Incident(problem, problem, RequestFacts(), ""))

    assert footer(page) == ""
    assert b"Reference" not in page


def test_another_page_in_the_same_look_works_under_a_policy_of_its_own() -> None:
    page, policy = build_page("<title>", "<p>content", "p{color:red}")

    text = page.decode()
    assert "<title>&lt;title&gt;</title>" in text
    assert "<main>\n<p>content</main>" in text
    hashes = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles_of(text)]
    assert [f"'sha256-{each}'" for each in hashes] == re.findall(r"'sha256-[^']+'", policy)
    assert len(hashes) == 2


def styles_of(page: str) -> list[str]:
    return re.findall(r"<style>(.*?)</style>", page, re.DOTALL)


def test_a_page_without_a_detail_has_no_place_for_one() -> None:
    for problem in (Problem(404), Problem(404, detail="")):
        assert b'class="detail"' not in render_html(incident_of(problem))


def test_the_hash_for_the_content_security_policy_is_that_of_the_only_style() -> None:
    page = render_html(incident_of()).decode()
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    assert "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() == STYLE_HASH
    assert " style=" not in page
    assert f"style-src '{STYLE_HASH}'" in POLICY.split("; ")


def test_the_page_is_made_for_small_screens_dark_rooms_and_screen_readers() -> None:
    page = render_html(incident_of()).decode()

    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert '<meta charset="utf-8">' in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page
    assert "prefers-color-scheme:dark" in page
