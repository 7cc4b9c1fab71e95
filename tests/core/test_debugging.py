"""An exception as a member of a document: complete enough to work with, and without anybody's secrets."""

from __future__ import annotations

import json
import linecache
import re
import time
from collections.abc import Callable
from types import SimpleNamespace, TracebackType
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from errbridge.handling.debugging import REDACTED, describe_exception, redact
from errbridge.problem.values import to_json_value

# Secrets as they occur: what of them can be seen is looked for, so each has a middle that nothing else contains.
SECRETS = st.from_regex(r"[A-Za-z0-9!$%*+._~-]{0,6}Zq7xVw9k[A-Za-z0-9!$%*+._~-]{0,6}", fullmatch=True)
MARK = "Zq7xVw9k"
NAMES = st.sampled_from(
    [
        "password",
        "PASSWORD",
        "Passwd",
        "pwd",
        "db_password",
        "passphrase",
        "secret",
        "client_secret",
        "SECRET_KEY",
        "token",
        "csrf_token",
        "access_token",
        "refreshToken",
        "api_key",
        "apiKey",
        "API-Key",
        "x-api-key",
        "Authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "session",
        "sessionid",
        "private_key",
        "signing_key",
        "AccountKey",
        "dsn",
        "SENTRY_DSN",
        "jwt",
        "otp",
        "credentials",
        "connection_string",
        "auth",
    ]
)
WORDS = st.lists(
    st.sampled_from(["cannot", "find", "user", "42", "in", "the", "shop,", "(code:", "7)", "<b>", "[x]", "{y}", "\n"]),
    max_size=6,
)

# Where a secret is: after a name, or in a recognizable form. A value with spaces has to be quoted.
NAMED = (
    "{name}={secret}",
    "{name} = {secret!r}",
    "{name}: {secret}",
    "'{name}': {secret!r}",
    '"{name}": "{secret}"',
    "b'{name}': b'{secret}'",
    "(b'{name}', b'{secret}')",
    "[('{name}', '{secret}'), ('other', 1)]",
    "headers['{name}'] = '{secret}'",
    '{{\\"{name}\\": \\"{secret}\\"}}',
    "{name} != {secret!r}",
    "{name} => {secret}",
    "{name}: [{secret!r}, 'x']",
    "{name}={{'a': {secret!r}}}",
    "{name}:\n    {secret}",
    "{name} = '''{secret}'''",
    '{name} = """{secret}"""',
    "f({name}={secret!r}, other=1)",
    "<{name}>{secret}</{name}>",
    "?a=1&{name}={secret}&b=2",
    "host=db {name}={secret} user=me",
    "{name}='unclosed {secret}",
    '{name}="a word and {secret}"',
    "--{name}={secret}",
    "{name}=SecretStr({secret!r})",
)
TELLING = (
    "postgresql+psycopg://user:{secret}@db:5432/shop",
    "redis://:{secret}@cache/0",
    "https://{secret}@sentry.example.com/4",
    "amqp://user:{secret}@a/,amqp://user:{secret}@b/",
    "user:{secret}@db.example.com",
    "Bearer {secret}",
    "authorized with bearer  {secret}",
    "Basic {secret}",
    "-----BEGIN RSA PRIVATE KEY-----\n{secret}\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\\n{secret}",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{word}",
    ".eJwNyEEKgCAQBdC7_LUb.{word}.{word}",
    "ghp_{word}ABCDEFGHIJ",
    "AKIA{word}",
    "sk_live_{word}",
    "aB3dE5fG7hJ9kL1mN3pQ5rS7{word}",
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    secret = draw(SECRETS)
    form = draw(st.sampled_from(NAMED + TELLING))
    filled = form.format(name=draw(NAMES), secret=secret, word=re.sub(r"\W", "", secret))
    before, after = " ".join(draw(WORDS)), " ".join(draw(WORDS))
    return f"{before} {filled} {after}"


@given(texts())
@settings(max_examples=500, deadline=None)
def test_no_secret_stays_in_a_text(text: str) -> None:
    assert MARK in text
    assert MARK not in redact(text)


@given(texts(), st.integers(7000, 9000))
@settings(max_examples=200, deadline=None)
def test_no_secret_stays_where_a_long_text_is_cut(text: str, length: int) -> None:
    assert MARK not in redact("word " * (length // 5) + text)


@given(NAMES, SECRETS, st.booleans())
def test_no_secret_of_a_mapping_stays_in_its_text(name: str, secret: str, deep: bool) -> None:
    value: Any = {"user": 1, name: secret, "other": "x"}
    text = str({"headers": [value, SimpleNamespace(a=value)]} if deep else value)

    assert MARK not in redact(text)


@given(SECRETS)
def test_a_secret_that_had_to_be_escaped_goes_as_well(secret: str) -> None:
    assert MARK not in redact(f"mysql://root:{quote(secret, safe='')}@db/x")
    assert MARK not in redact(f"{{'password': {'it' + chr(39) + 's ' + secret!r}}}")
    assert MARK not in redact(f"'password': 'it''s {secret}'")
    assert MARK not in redact(json.dumps(json.dumps({"password": secret, "a": 1})))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no user 'bob' with id 42", "no user 'bob' with id 42"),
        ("'title'", "'title'"),
        ("order 0b2f4a52-6f3f-4d0e-9d3a-7f3b2d1c0a99 is gone", "order 0b2f4a52-6f3f-4d0e-9d3a-7f3b2d1c0a99 is gone"),
        ("the author: Bob", "the author: Bob"),
        ("test_of_something_quite_long_number_2", "test_of_something_quite_long_number_2"),
        ("http://example.com/a?b=c", "http://example.com/a?b=c"),
        ("{'token': 'x', 'name': 'Bob'}", f"{{'token': {REDACTED}, 'name': 'Bob'}}"),
        ("connect to postgres://u:p@db/x", f"connect to postgres://{REDACTED}@db/x"),
        ("password=a b\nnext line", f"password={REDACTED}\nnext line"),
        ("", ""),
    ],
)
def test_what_is_no_secret_stays(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "piece", ["a", "://", "password", "'", '"', "\\", "a:", "eyJ", "-----BEGIN ", "a=", "basic ", "x-"]
)
def test_no_text_takes_long(piece: str) -> None:
    text = piece * 100_000
    started = time.process_time()

    redact(text)

    assert time.process_time() - started < 2


# The description.


def raised(exc: BaseException, cause: BaseException | None = None) -> BaseException:
    try:
        if cause is None:
            raise exc
        raise exc from cause
    except BaseException as caught:
        return caught


class Own(Exception):
    pass


def test_class_message_and_traceback_are_told() -> None:
    def view() -> None:
        raise Own("no such cheese")

    with pytest.raises(Own) as caught:
        view()
    member = describe_exception(caught.value)

    assert set(member) == {"class", "message", "traceback"}
    assert (member["class"], member["message"]) == (f"{__name__}.Own", "no such cheese")
    assert [frame["function"].rpartition(".")[2] for frame in member["traceback"]] == [
        "test_class_message_and_traceback_are_told",
        "view",
    ]
    last = member["traceback"][-1]
    assert (last["file"], last["code"]) == (__file__, 'raise Own("no such cheese")')
    assert linecache.getline(__file__, last["line"]).strip() == last["code"]
    assert describe_exception(KeyError("x"))["class"] == "KeyError"


def test_what_came_before_is_told() -> None:
    try:
        try:
            raise KeyError("first")
        except KeyError:
            raise ValueError("second")  # noqa: B904 - without a cause, to have a context
    except ValueError as error:
        implicit = error

    assert describe_exception(raised(Own(), LookupError("why")))["cause"]["message"] == "why"
    assert "context" not in describe_exception(raised(Own(), LookupError("why")))
    assert describe_exception(implicit)["context"]["class"] == "KeyError"
    implicit.__suppress_context__ = True
    assert "context" not in describe_exception(implicit)


def test_the_members_of_a_group_are_told() -> None:
    member = describe_exception(ExceptionGroup("both", [KeyError("a"), ExceptionGroup("inner", [ValueError("b")])]))

    assert [each["class"] for each in member["exceptions"]] == ["KeyError", "ExceptionGroup"]
    assert member["exceptions"][1]["exceptions"][0]["message"] == "b"


def count(member: dict[str, Any]) -> int:
    behind = [member[kind] for kind in ("cause", "context") if kind in member]
    return 1 + sum(map(count, [*behind, *member.get("exceptions", [])]))


def test_of_many_exceptions_some_are_told() -> None:
    exc: BaseException = KeyError(0)
    for number in range(100):
        exc = raised(Own(number), exc)

    assert count(describe_exception(exc)) == 8
    assert count(describe_exception(ExceptionGroup("many", [KeyError(number) for number in range(100)]))) == 8


def test_a_circle_of_exceptions_is_told_once() -> None:
    first, second = KeyError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first

    assert count(describe_exception(first)) == 2


def test_of_a_deep_traceback_the_middle_is_left_out() -> None:
    def deep(level: int) -> None:
        if level == 0:
            raise Own
        deep(level - 1)

    with pytest.raises(Own) as caught:
        deep(100)
    member = describe_exception(caught.value)

    assert (len(member["traceback"]), member["omitted"]) == (24, 102 - 24)
    assert member["traceback"][0]["code"] == "deep(100)"
    assert member["traceback"][-1]["code"] == "raise Own"


def test_the_frames_of_the_framework_are_left_out_where_a_traceback_begins_with_them() -> None:
    places: dict[str, Any] = {"__name__": "framework.app"}
    exec("def call(view):\n    view()", places)

    def inner() -> None:
        raise Own

    def view() -> None:
        places["call"](inner)

    with pytest.raises(Own) as caught:
        places["call"](view)
    assert isinstance(caught.tb.tb_next, TracebackType)
    exc = caught.value.with_traceback(caught.tb.tb_next)  # without the test itself

    def functions(*hidden: str) -> list[str]:
        return [frame["function"].rpartition(".")[2] for frame in describe_exception(exc, hidden)["traceback"]]

    assert functions() == ["call", "view", "call", "inner"]
    assert functions("framework") == ["view", "call", "inner"]
    assert functions("framework", __name__.partition(".")[0]) == ["call", "view", "call", "inner"]  # better than none


def test_a_frame_of_a_module_without_a_name_is_told() -> None:
    nameless: dict[str, Any] = {"__name__": None, "Own": Own}
    exec("def call():\n    raise Own", nameless)

    with pytest.raises(Own) as caught:
        nameless["call"]()

    assert describe_exception(caught.value, ["framework"])["traceback"][-1] == {
        "file": "<string>",
        "line": 2,
        "function": "call",
        "code": "",
    }


# Exceptions that go wrong wherever they are touched.


class Mute(Exception):
    def __str__(self) -> str:
        raise RuntimeError("Zq7xVw9k")


class Strange(str):
    __slots__ = ()

    def __len__(self) -> int:
        raise RuntimeError("Zq7xVw9k")

    def __getitem__(self, index: Any) -> str:
        raise RuntimeError("Zq7xVw9k")


class Stranger(Exception):
    def __str__(self) -> str:
        return Strange("strange")


class Untouchable(Exception):
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("Zq7xVw9k")


class Broken(ExceptionGroup[Exception]):
    @property
    def exceptions(self) -> Any:
        raise RuntimeError("Zq7xVw9k")


class Repr:
    def __repr__(self) -> str:
        raise RuntimeError("Zq7xVw9k")


UNREADABLE: dict[str, tuple[Callable[[], BaseException], str]] = {
    "no text": (Mute, "(no text: RuntimeError was raised)"),
    "a text that is none": (Stranger, "strange"),
    "nothing": (Untouchable, ""),
    "no members": (lambda: Broken("a", [KeyError()]), "a (1 sub-exception)"),
    "a value without a text": (lambda: ValueError(Repr(), 1), "(no text: RuntimeError was raised)"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_exception_that_cannot_be_read_is_told_as_far_as_it_can(kind: str) -> None:
    make, message = UNREADABLE[kind]
    exc = make()

    member = describe_exception(exc)

    assert member["message"] == message
    assert member["class"] == f"{type(exc).__module__}.{type(exc).__qualname__}".removeprefix("builtins.")
    assert MARK not in json.dumps(member)


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
@example("\ud800")
@example("x" * 100_000)
def test_every_text_is_told_within_bounds(text: str) -> None:
    member = describe_exception(raised(Own(text), type("N" * 1000, (Exception,), {})(text)))

    assert len(member["message"]) <= 2001
    assert len(member["cause"]["class"]) <= 301
    json.dumps(to_json_value(member)).encode()


@given(texts())
@settings(max_examples=100, deadline=None)
def test_no_secret_stays_anywhere_in_what_is_told(text: str) -> None:
    source = f"def call():\n    {text.splitlines()[0].strip()!r}; raise ValueError(text)"
    name = f"/srv/{text.splitlines()[0]}/app.py"
    linecache.cache[name] = (len(source), None, [f"{line}\n" for line in source.splitlines()], name)
    places: dict[str, Any] = {"text": text, "__name__": "app"}
    exec(compile(source, name, "exec"), places)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - any text
        places["call"]()
    exc = BaseExceptionGroup(text, [raised(KeyError(text), caught.value)])

    assert MARK not in json.dumps(to_json_value(describe_exception(exc)))
    linecache.cache.pop(name)
