"""Hostile input: whatever a client sends and an exception says, the answer is whole, valid and harmless.

Hypothesis asks whole applications, in every style, and Flask and Quart have to agree on each answer. What is in a page
is read back with a parser and compared with what was meant, so that nothing of it can have become markup.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader
from lxml import etree  # type: ignore[import-untyped]
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    MethodNotAllowed,
    RequestedRangeNotSatisfiable,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)

from errbridge import Page, Problem, Reply, Scope
from errbridge.http.accept import HTML, JSON, TEXT, XML, choose_media_type
from errbridge.http.headers import clean_headers
from errbridge.http.status import find_phrase
from errbridge.scopes.trie import ScopeTrie
from tests.clients import Request, Response, call_wsgi
from tests.twins import Twins, World

pytestmark = pytest.mark.slow

FUZZ = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What a client or a database may hold.

SNIPPETS = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'-alert(1)-'", "</title><svg/onload=alert(1)>",
    "</p></main>", "<!--", "-->", "]]>", "<![CDATA[", "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "&amp;", "&#0;", "&lt",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "//evil.example",
    "\r\nSet-Cookie: a=b", "\n\n<html>", "\r", "\n", "\0", "\x0b", "\x1b[2J", "\x7f", "\x85", "\u2028", "\ud800",
    "\udfff\ud800", "\ufffe", "\uffff", "\u202e", "é", "日本", "😀", "{{ 7 * 7 }}", "{% raw %}", "{0.__class__}",
    "%s%n", "${7*7}", "../", "%2e%2e/", "%", " ", "\t", "=", ";", ",", '"', "\\", "q=", "a" * 300,
]  # fmt: skip
hostile = st.lists(st.sampled_from(SNIPPETS) | st.text(max_size=8), max_size=5).map("".join)

latin = st.characters(codec="latin-1", exclude_characters="\r\n\0")
header_values = (
    st.text(latin, max_size=40) | hostile.map(lambda text: re.sub(r"[\r\n\0]|[^\x00-\xff]", "", text))
).map(str.strip)

MEDIA = [
    "text/html",
    "text/plain",
    "application/json",
    "application/xml",
    "application/vnd.x+json",
    "text/*",
    "*/*",
    "*",
]
QUALITIES = ["", ";q=0", ";q=0.5", ";q=nan", ";q=", ";a=b;q=1"]
accepts = st.one_of(
    st.just(""),
    st.sampled_from(MEDIA[:4]),
    st.lists(st.tuples(st.sampled_from(MEDIA), st.sampled_from(QUALITIES)).map("".join), max_size=6).map(",".join),
    header_values,
)  # fmt: skip

traces = header_values | st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-x)?", fullmatch=True)

STYLES = ("api", "web", "plain", "templated", "deep/1/x")
paths = st.tuples(
    st.sampled_from(("/", "//", *(f"/{style}/" for style in STYLES), *(f"/{style}" for style in STYLES))),
    st.one_of(
        st.binary(max_size=12).map(lambda raw: quote(raw, safe="")),
        hostile.map(lambda text: quote(text.encode("utf-8", "replace"), safe="/")),
        st.sampled_from(["//////", "..", "%2e%2e", "%2F", "a%00b", "%ff", "raise", "../api/raise", ";a=b", "?a=<b>"]),
    ),
).map("".join)  # fmt: skip

hosts = st.one_of(
    st.sampled_from(["localhost", "API.example.com.", "t.example.com:80", "[::1]:80", "evil.example", "a" * 60]),
    # Labels that a host can have: of others Quart knows before there is a request, and shows its built-in page.
    st.from_regex(r"[a-z0-9]{1,12}(\.[a-z0-9]{1,12}){0,3}(:[0-9]{1,5})?", fullmatch=True),
)
mounts = st.just("") | st.one_of(
    st.sampled_from(["/root", "/a/b", "//evil.example", "/javascript:alert(1)", '/"><b>', "/\\evil.example", "/%2f"]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=10).map(lambda text: f"/{text}".rstrip("/")),
)
requests = st.builds(
    lambda path, method, headers, host, root: Request(path, method, headers, host=host, root_path=root),
    paths,
    st.sampled_from(["GET", "GET", "GET", "HEAD", "POST", "BREW"]),
    st.fixed_dictionaries(
        {},
        optional={
            "Accept": accepts,
            "Traceparent": traces,
            "X-Requested-With": header_values | st.just("XMLHttpRequest"),
            "X-Other": header_values,
        },
    ).map(lambda headers: tuple(headers.items())),
    hosts,
    mounts,
)


# What an application may raise and return.


class Unspeakable:
    """An object whose every method fails."""

    def _fail(self, *args: Any) -> Any:
        raise RuntimeError("secret")

    __str__ = __repr__ = __iter__ = __len__ = __bool__ = __eq__ = __hash__ = _fail


def cycle() -> list[Any]:
    made: list[Any] = []
    made.append({"again": made})
    return made


def deep() -> list[Any]:
    made: list[Any] = []
    for _ in range(5000):
        made = [made]
    return made


def huge() -> int:
    return 10**5000


values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), hostile, st.binary(max_size=8), st.decimals(),
        st.datetimes(), st.timedeltas(), st.uuids(), st.builds(Unspeakable), st.builds(cycle), st.builds(deep),
        st.builds(huge),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3) | st.tuples(inner),
    max_leaves=6,
)  # fmt: skip
TAKEN = {"self", "status", "title", "detail", "type", "instance", "headers"}
extensions = st.dictionaries(hostile.filter(lambda name: name not in TAKEN), values, max_size=3)
names = st.sampled_from(["X-A", "Retry-After", "Allow", "WWW-Authenticate", "Content-Range", "Content-Type", "Vary",
                         "Content-Length", "Transfer-Encoding", "Set-Cookie", "cache-control"]) | hostile  # fmt: skip
headers = st.lists(st.tuples(names, hostile), max_size=4)
statuses = st.integers(400, 599)

problems = st.builds(
    lambda status, more, given, added: lambda: Problem(status, headers=given, **more, **added),
    statuses,
    st.fixed_dictionaries({}, optional=dict.fromkeys(("title", "detail", "type", "instance"), hostile)),
    headers,
    extensions,
)


def with_code(code: Any, description: str) -> HTTPException:
    exc = HTTPException(description)
    exc.code = code
    return exc


retries = st.one_of(
    st.none(), st.integers(-5, 10**12), st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))
)
codes = statuses | st.sampled_from([None, 0, 42, 1000])
werkzeugs = st.one_of(
    st.builds(lambda code, text: lambda: with_code(code, text), codes, hostile),
    st.builds(lambda text: lambda: BadRequest(text), hostile),
    st.builds(lambda text, after: lambda: TooManyRequests(text, retry_after=after), hostile, retries),
    st.builds(lambda text, after: lambda: ServiceUnavailable(text, retry_after=after), hostile, retries),
    st.builds(lambda allowed: lambda: MethodNotAllowed(allowed), st.lists(hostile, max_size=3)),
    st.builds(
        lambda text, realm, token: lambda: Unauthorized(
            text, www_authenticate=[WWWAuthenticate("basic", {"realm": realm}), WWWAuthenticate("bearer", token=token)]
        ),
        hostile,
        hostile,
        hostile,
    ),
    st.builds(lambda length, units: lambda: RequestedRangeNotSatisfiable(length, units), st.integers(0), hostile),
    st.builds(lambda text: lambda: RuntimeError(text), hostile),
    st.builds(lambda text: lambda: KeyError(text), hostile),
)  # fmt: skip
answers = st.one_of(
    st.none().map(lambda nothing: lambda: None),
    problems,
    st.builds(
        lambda body, status, given: lambda: Reply(body, status, given),
        hostile | st.binary(max_size=9),
        st.none() | statuses,
        headers,
    ),
    st.builds(lambda body, status, given: lambda: (body, status, given), hostile, statuses, headers),
    st.builds(lambda text, status: lambda: (Page("own.html", text=text), status), hostile, statuses),
    st.builds(lambda value: lambda: value, values),
)  # fmt: skip


@dataclass
class Said:
    """What the views of both applications raise, and their handler returns, at the moment."""

    raised: Callable[[], Exception] = field(default=lambda: Problem(409))
    returned: Callable[[], Any] = field(default=lambda: None)


SAID = Said()

TEMPLATE = (
    '<!DOCTYPE html>\n<html lang="en"><head><title>{{ error.status }} {{ error.title }}</title></head><body><main>'
    '<h1>{{ error.title }}</h1><p class="detail">{{ error.detail }}</p><p>{{ error.type }} {{ error.instance }}</p>'
    '<p title="{{ error.description }}">{{ incident.request.path }} {{ incident.request.host }}</p>'
    "{% for name, value in error.extensions.items() %}<p>{{ name }}: {{ value }}</p>{% endfor %}</main></body></html>\n"
)


def an_app_that_does_what_it_is_given(world: World) -> None:
    def raising(**values: Any) -> Any:
        raise SAID.raised()

    async def raising_later(**values: Any) -> Any:
        raising()

    async def handled_later(exc: Exception) -> Any:
        return SAID.returned()

    app, errors = world.app, world.errors
    app.logger.disabled = True
    app.jinja_loader = DictLoader({"templated/errors/4xx.html": TEMPLATE, "own.html": "<p>{{ text }}</p>"})
    for style in STYLES:
        blueprint = world.Blueprint(style.partition("/")[0], __name__, url_prefix=f"/{style}")
        blueprint.add_url_rule("/raise", "raise", raising_later if world.is_async else raising)
        blueprint.add_url_rule("/handled", "handled", raising_later if world.is_async else raising)
        if style in ("web", "templated"):
            errors.web_register(blueprint)
        elif style == "api":
            errors.api_register(blueprint)
        app.register_blueprint(blueprint)
    errors.api_register("/deep/<int:n>/<word>", Scope(host="<tenant>.example.com", prefix="/<a>/x"))
    handled = world.Blueprint("answers", __name__, url_prefix="/answers")
    handled.add_url_rule("/raise", "raise", raising_later if world.is_async else raising)
    errors.register(handled)(handled_later if world.is_async else lambda exc: SAID.returned())
    app.register_blueprint(handled)


@pytest.fixture(scope="module")
def twins() -> Twins:
    return Twins.built(an_app_that_does_what_it_is_given)


# What makes an answer valid.

TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
VALUE = re.compile(r"(?:[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?)?")
ICON = {
    "rect": {"x", "y", "width", "height", "rx"},
    "svg": {"viewbox", "aria-hidden"},
    "path": {"d"},
    "circle": {"cx", "cy", "r"},
    "time": {"datetime", "dir"},
}
TAGS = {"html", "head", "meta", "title", "style", "body", "main", "p", "h1", "nav", "a", "code", "footer", "ul", "li"}
TAGS |= {"div", "span", "bdi", "b", "i", "header", "rect", "time", *ICON}
ATTRIBUTES = {"lang", "charset", "name", "content", "class", "dir", "href", "title"}
HREF = re.compile(r"(?:/[A-Za-z0-9_.~%\-/]*)?")


class Read(HTMLParser):
    """A page as a browser reads it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: dict[str, str] = {}
        self.hrefs: list[str] = []
        self.open: list[str] = []
        self.comments: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _ in attrs} <= ICON.get(tag, ATTRIBUTES), attrs
        self.tags.append(tag)
        given = dict(attrs)
        if tag == "a":
            self.hrefs.append(given.get("href") or "")
        if tag != "meta":
            self.open.append(given.get("class") or tag)

    def handle_endtag(self, tag: str) -> None:
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def shown(text: str) -> str:
    """Return a text as it is in a page of UTF-8."""
    return text.encode("utf-8", "replace").decode()


def check_headers(response: Response) -> None:
    names = [name.lower() for name, _ in response.headers]
    for name, value in response.headers:
        assert TOKEN.fullmatch(name), name
        assert VALUE.fullmatch(value), (name, value)
    for name in ("content-type", "content-length"):
        assert names.count(name) <= 1, names
    assert "transfer-encoding" not in names


def check(response: Response, method: str = "GET") -> None:
    """Make sure that an answer of errbridge's own is complete, valid and harmless."""
    assert 400 <= response.status <= 599
    check_headers(response)
    assert response.header("X-Content-Type-Options") == "nosniff"
    assert b"secret" not in response.body
    if method == "HEAD":
        assert response.body == b""
        return
    assert response.header("Content-Length") == str(len(response.body))
    match response.content_type:
        case "application/problem+json":
            document = json.loads(response.body, parse_constant=pytest.fail)
            assert document["status"] == response.status
            assert all(type(document[name]) is str for name in ("type", "title", "instance"))
        case "application/problem+xml":
            root = etree.fromstring(response.body, etree.XMLParser(resolve_entities=False, no_network=True))
            assert root.tag == "{urn:ietf:rfc:7807}problem"
            assert root.getroottree().docinfo.doctype == ""
            assert root.findtext("{*}status") == str(response.status)
        case "text/html; charset=utf-8":
            check_page(response.text)
        case content_type:
            assert content_type == "text/plain; charset=utf-8"
            assert response.text.startswith(f"{response.status} ")


def check_page(text: str) -> Read:
    assert text.startswith("<!DOCTYPE html>\n<html lang=")
    assert text.rstrip().endswith("</html>")
    page = Read(text)
    assert set(page.tags) <= TAGS
    assert {tag: page.tags.count(tag) for tag in ("main", "h1", "style")} in (
        {"main": 1, "h1": 1, "style": 1},
        {"main": 1, "h1": 1, "style": 0},  # the application's own template
    )
    assert page.open == []
    assert page.comments == []
    for href in page.hrefs:
        assert HREF.fullmatch(href)
        target = urlsplit(urljoin("https://own.example/some/page", href))
        assert (target.scheme, target.netloc) == ("https", "own.example")
    return page


# Requests.


@FUZZ
@given(request=requests)
def test_no_request_breaks_an_answer(twins: Twins, request: Request) -> None:
    SAID.raised, SAID.returned = lambda: Problem(409, detail="sold"), lambda: None

    response = twins.ask(**vars(request))

    assume(response.status not in (307, 308))  # the framework's own way to a slash at the end
    check(response, request.method)
    for name, value in response.headers:
        assert "evil" not in value, name


# Errors.


@FUZZ
@given(
    make=problems | werkzeugs, style=st.sampled_from(STYLES), accept=accepts, method=st.sampled_from(["GET", "HEAD"])
)
def test_no_exception_breaks_an_answer(
    twins: Twins, make: Callable[[], Exception], style: str, accept: str, method: str
) -> None:
    SAID.raised = make

    check(twins.ask(f"/{style}/raise", method, headers=[("Accept", accept)]), method)


@FUZZ
@given(make=problems, style=st.sampled_from(["web", "plain", "templated"]))
def test_everything_in_a_page_is_text(twins: Twins, make: Callable[[], Problem], style: str) -> None:
    SAID.raised = make
    problem = make()

    page = check_page(twins.ask(f"/{style}/raise", headers=[("Accept", "text/html")]).text)

    title = shown(problem.title)
    if problem.title == find_phrase(problem.status):
        assert page.texts["h1"]  # of the built-in page, which a failing template leaves the error to, in plain words
    else:
        assert page.texts.get("h1", "") == title
    heading = page.texts.get("h1", "")
    assert page.texts["title"] in (f"{problem.status} {title}", f"{heading} · Error {problem.status}")
    if problem.detail:
        assert page.texts["detail"] == shown(problem.detail)


@FUZZ
@given(make=problems)
def test_a_document_says_what_the_problem_said(twins: Twins, make: Callable[[], Problem]) -> None:
    SAID.raised = make
    problem = make()

    document = twins.ask("/api/raise", headers=[("Accept", "application/json")]).json

    def same(text: str) -> str:
        return re.sub("[\ud800-\udfff]", "\ufffd", text)

    assert (document["title"], document["status"]) == (same(problem.title), problem.status)
    assert document.get("detail") == (None if problem.detail is None else same(problem.detail))
    assert {same(name) for name in problem.extensions} <= set(document)


@FUZZ
@given(raised=problems | werkzeugs, returned=answers, accept=accepts, method=st.sampled_from(["GET", "HEAD"]))
def test_nothing_that_a_handler_returns_breaks_an_answer(
    twins: Twins, raised: Callable[[], Exception], returned: Callable[[], Any], accept: str, method: str
) -> None:
    SAID.raised, SAID.returned = raised, returned

    response = twins.ask("/answers/raise", method, headers=[("Accept", accept)])

    assert 400 <= response.status <= 599
    check_headers(response)
    assert "Set-Cookie" not in {name for name, _ in response.headers} or given_cookie(raised, returned)
    if method == "HEAD":
        assert response.body == b""
    else:
        assert response.header("Content-Length") == str(len(response.body))


def given_cookie(*makes: Callable[[], Any]) -> bool:
    """Return whether a cookie was meant, instead of a line break in another header."""
    made = [make() for make in makes]
    pairs: list[Any] = []
    for value in made:
        found = value[2] if isinstance(value, tuple) and len(value) == 3 else getattr(value, "headers", ())
        pairs += list(found or ())
    return any(pair[0] == "Set-Cookie" for pair in pairs if isinstance(pair, tuple))


@FUZZ
@given(text=hostile)
def test_a_page_of_the_application_escapes_what_it_is_given(twins: Twins, text: str) -> None:
    SAID.raised, SAID.returned = lambda: Problem(409), lambda: Page("own.html", text=text)

    page = Read(twins.ask("/answers/raise").text)

    assert page.tags == ["p"]
    assert page.texts.get("p", "") == shown(text)


# The core alone.


@FUZZ
@given(given=st.lists(st.tuples(hostile, hostile | values), max_size=5))
def test_headers_are_made_safe_to_send(given: list[tuple[str, Any]]) -> None:
    for name, value in clean_headers(given):
        assert TOKEN.fullmatch(name)
        assert VALUE.fullmatch(value)


@FUZZ
@given(accept=st.text(max_size=60) | accepts, default=st.sampled_from([JSON, HTML, XML, TEXT]))
def test_any_accept_header_chooses_one_of_the_offers(accept: str, default: str) -> None:
    assert choose_media_type(accept, (JSON, HTML, XML, TEXT), default) in (JSON, HTML, XML, TEXT)
    assert choose_media_type(accept, (default,), default) == default


@FUZZ
@given(host=st.text(max_size=60) | hostile, path=st.text(max_size=60) | hostile)
def test_any_url_finds_its_owners(host: str, path: str) -> None:
    anywhere = Scope(prefix="/")
    trie = ScopeTrie([anywhere, Scope(prefix="/<a>/<int:b>"), Scope(host="*.example.com"), Scope(host="<a>.<b>.c")])

    assert anywhere in trie.owners(host, path)


# Time is linear in the input.


def work_of(world: World, request: Request) -> int:
    """Count the calls that errbridge makes while it answers: the same number at every run."""
    calls = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal calls
        if event in ("call", "c_call") and frame.f_globals.get("__name__", "").startswith("errbridge"):
            calls += 1

    call_wsgi(world.app, request)  # caches are filled
    sys.setprofile(count)
    try:
        call_wsgi(world.app, request)
    finally:
        sys.setprofile(None)
    return calls


SIZED: dict[str, Callable[[int], Request]] = {
    "slashes": lambda size: Request("/" * size),
    "slashes under a prefix": lambda size: Request("/deep/1/x" + "/" * size),
    "segments": lambda size: Request("/a" * (size // 2)),
    "segments that fit a variable": lambda size: Request("/deep" + "/1" * (size // 2)),
    "one long segment": lambda size: Request("/deep/1/" + "x" * size),
    "dots": lambda size: Request("/.." * (size // 3)),
    "percent": lambda size: Request("/%2F" * (size // 4)),
    "ranges": lambda size: Request("/web/nope", headers=[("Accept", ",".join(["a/b"] * (size // 4)))]),
    "parameters": lambda size: Request("/web/nope", headers=[("Accept", "text/html" + ";a=b" * (size // 4))]),
    "commas": lambda size: Request("/web/nope", headers=[("Accept", "," * size)]),
    "labels": lambda size: Request("/web/nope", host="a." * (size // 2) + "example.com"),
    "trace": lambda size: Request("/web/nope", headers=[("Traceparent", "00-" + "0" * size)]),
    "other headers": lambda size: Request("/web/nope", headers=[(f"X-{n}", "a") for n in range(size // 8)]),
}


@pytest.mark.parametrize("name", SIZED)
def test_the_work_does_not_grow_with_what_a_client_sends(twins: Twins, name: str) -> None:
    small, large = (work_of(twins.flask, SIZED[name](size)) for size in (8_000, 40_000))

    assert 0 < large <= small + 10


@pytest.mark.parametrize("name", SIZED)
def test_forty_kilobytes_of_anything_are_answered_alike(twins: Twins, name: str) -> None:
    check(twins.ask(**vars(SIZED[name](40_000))))


def test_ten_thousand_ranges_are_answered(twins: Twins) -> None:
    ranges = ",".join(["text/plain"] + [f"x/y{number};q=0.{number}" for number in range(10_000)])

    response = twins.ask("/web/nope", headers=[("Accept", ranges)])

    assert len(ranges) > 40_000
    assert response.content_type == "text/plain; charset=utf-8"


def errors_of(size: int) -> dict[str, Callable[[], Problem]]:
    text = "<&\r\n\ud800a" * (size // 6)
    members: dict[str, Any] = {f"m{number}": number for number in range(size // 8)}
    return {
        "detail": lambda: Problem(409, detail=text),
        "title": lambda: Problem(409, title=text),
        "members": lambda: Problem(409, **members),
        "list": lambda: Problem(409, many=[None] * size),
        "header": lambda: Problem(409, headers={"X-A": text}),
        "headers": lambda: Problem(409, headers=[(f"X-{number}", "a") for number in range(size // 8)]),
        "allow": lambda: Problem(405, headers={"Allow": "A," * (size // 2)}),
    }


@pytest.mark.parametrize("accept", ["application/json", "application/xml", "text/html", "text/plain"])
@pytest.mark.parametrize("name", errors_of(0))
def test_the_work_grows_no_faster_than_what_an_exception_says(twins: Twins, name: str, accept: str) -> None:
    work = []
    for size in (2_000, 4_000, 8_000):
        SAID.raised = errors_of(size)[name]
        work.append(work_of(twins.flask, Request("/web/raise", headers=[("Accept", accept)])))

    assert work[2] - work[1] <= 2 * (work[1] - work[0]) + 20


def least_time(function: Callable[[], object]) -> float:
    """Measure the processor's time of one call, in the quietest of several runs."""
    times = []
    for _ in range(7):
        before = time.thread_time()
        function()
        times.append(time.thread_time() - before)
    return min(times)


@pytest.mark.parametrize("name", ["slashes under a prefix", "ranges", "labels"])
def test_what_is_not_done_by_calls_grows_no_faster_either(twins: Twins, name: str) -> None:
    """Sixteen times the input: a step that is quadratic would take 256 times as long, a linear one sixteen times."""
    scopes = ScopeTrie([Scope(prefix="/deep/<int:n>"), Scope(host="<a>.example.com"), Scope(host="*.example.com")])
    steps: dict[str, Callable[[int], object]] = {
        "slashes under a prefix": lambda size: scopes.owners("localhost", "/deep/1" + "/" * size),
        "ranges": lambda size: choose_media_type(",".join(["a/b"] * size), (JSON, HTML), HTML),
        "labels": lambda size: scopes.owners("a." * size + "example.com", "/"),
    }
    step = steps[name]

    small, large = (least_time(lambda size=size: step(size)) for size in (20_000, 320_000))  # type: ignore[misc]

    assert large < 80 * max(small, 1e-4)
