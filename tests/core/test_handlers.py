"""How handlers are registered, and which of one scope answer."""

from __future__ import annotations

import functools
import gc
import inspect
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errbridge import Handlers, Problem, SetupError
from errbridge.handlers.handlers import CATCH_ALL, Handler, HTTPErrorClasses, Key, ScopeHandlers, check_keys
from errbridge.introspection import describe_function, is_async
from tests.core.fakes import CLASSES as FRAMEWORK
from tests.core.fakes import Conflict, HttpError, NotFound, ServerError


def one(exc: BaseException) -> None: ...


def two(exc: BaseException, incident: object) -> None: ...


async def later(exc: BaseException) -> None: ...


class Plain:
    def __call__(self, exc: BaseException) -> None: ...

    def method(self, exc: BaseException, incident: object) -> None: ...


class Awaited:
    async def __call__(self, exc: BaseException, incident: object) -> None: ...


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def inner(*args: Any, **kwargs: Any) -> Any: ...

    return inner


name = "bound"


# Arity and colour.


@pytest.mark.parametrize(
    ("function", "arity"),
    [
        (one, 1),
        (two, 2),
        (later, 1),
        (lambda exc, name=name: None, 1),
        (lambda exc, incident, name=name: None, 2),
        (lambda *args: None, 1),
        (lambda exc, *args: None, 1),
        (lambda exc, incident, *args, **kwargs: None, 2),
        (lambda exc, *, name=name: None, 1),
        (lambda exc=None: None, 1),
        (Plain(), 1),
        (Plain().method, 2),
        (Awaited(), 2),
        (functools.partial(two, incident=None), 1),
        (functools.partial(lambda name, exc, incident: None, "x"), 2),
        (decorated(two), 2),
        (dict, 1),
        (str, 1),
        (print, 1),
    ],
)
def test_the_required_positional_parameters_count(function: Callable[..., Any], arity: int) -> None:
    assert Handler.of(function).arity == arity


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda: None, "takes no argument: "),
        (lambda **kwargs: None, "takes no argument"),
        (lambda a, b, c: None, r"takes more than \(exc, incident\)"),
        (lambda exc, *, needed: None, r"takes more than \(exc, incident\)"),
        ("no function", "a handler is a function"),
        (None, "a handler is a function"),
        (Problem, r"a handler is a function, not Problem; write map\(\{key: Problem\}\)"),
    ],
)
def test_what_cannot_be_called_with_an_exception_is_refused(function: Any, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        Handler.of(function)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (one, False),
        (later, True),
        (Plain(), False),
        (Awaited(), True),
        (functools.partial(later), True),
        (lambda exc: later(exc), False),
        (dict, False),
    ],
)
def test_what_gives_an_awaitable_is_known_at_registration(function: Callable[..., Any], expected: bool) -> None:
    assert is_async(function) is expected
    assert Handler.of(function).is_async is expected


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (one, "tests.core.test_handlers.one"),
        (decorated(one), "tests.core.test_handlers.one"),
        (Plain().method, "tests.core.test_handlers.Plain.method"),
        (Plain(), "tests.core.test_handlers.Plain"),
        (functools.partial(one), "functools.partial"),
    ],
)
def test_a_handler_is_named_where_it_was_written(function: Callable[..., Any], expected: str) -> None:
    assert describe_function(function) == expected


# Keys.


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, (CATCH_ALL,)),
        ("*", ("*",)),
        (404, (404,)),
        ("4xx", ("4xx",)),
        ("5xx", ("5xx",)),
        (LookupError, (LookupError,)),
        ("library.errors.Outer.Invalid", ("library.errors.Outer.Invalid",)),
        (Problem, (Problem,)),
        ([404, "5xx", KeyError], (404, "5xx", KeyError)),
        ((404, 404), (404, 404)),
        (frozenset([410]), (410,)),
    ],
)
def test_keys_are_statuses_classes_of_codes_and_exceptions(given: object, expected: tuple[Key, ...]) -> None:
    assert check_keys(given) == expected


@pytest.mark.parametrize("empty", [(), [], set(), frozenset()])
def test_an_empty_list_of_keys_is_not_taken_for_everything(empty: object) -> None:
    with pytest.raises(SetupError, match="no key in an empty list"):
        check_keys(empty)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (399, "an integer from 400 to 599, not 399; there is no error to handle"),
        (600, "there is no error to handle"),
        (True, "there is no error to handle"),
        ("3xx", "not '3xx'"),
        ("4XX", "not '4XX'; did you mean '4xx'"),
        ("4xx ", "not '4xx '"),
        ("404", "not '404'; write 404, without quotes$"),
        ("4.xx", "not '4.xx'"),
        ("Invalid", "not 'Invalid'"),
        ("library..Invalid", "not 'library..Invalid'"),
        ("api.example.com", "not 'api.example.com'$"),
        ("", "not ''"),
        (4.5, "not 4.5; a target is for the register"),
        (KeyError("x"), r"not KeyError\('x'\); write KeyError, the class$"),
        (int, "not <class 'int'>$"),
        (one, r"; write register\(\) with parentheses"),
        ([[404]], r"not \[404\]"),
        (KeyboardInterrupt, "KeyboardInterrupt ends the process or the task"),
        (SystemExit, "cannot be handled"),
        (BaseException, "cannot be handled"),
        ([404, "x"], "not 'x'"),
        ([], "there is no key in an empty list"),
        ((), "there is no key in an empty list"),
        (set(), "there is no key in an empty list"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason(key: object, said: str) -> None:
    with pytest.raises(SetupError, match=said):
        check_keys(key)


def test_register_gives_the_function_back_and_keeps_the_order() -> None:
    handlers = Handlers()

    assert handlers.register(404, "5xx")(one) is one
    assert handlers.register()(two) is two
    assert [(key, handler.function) for key, handler in handlers] == [(404, one), ("5xx", one), ("*", two)]


def test_a_wrong_key_is_refused_before_the_function_is_seen() -> None:
    handlers = Handlers()

    with pytest.raises(SetupError, match="with parentheses"):
        handlers.register(one)  # type: ignore[call-overload]
    with pytest.raises(SetupError, match="takes no argument"):
        handlers.register(404)(lambda: None)  # type: ignore[arg-type]
    assert list(handlers) == []


class Watcher:
    def __init__(self) -> None:
        self.touched = 0

    def touch(self) -> None:
        self.touched += 1


def test_watchers_hear_of_every_handler_for_as_long_as_they_live() -> None:
    handlers = Handlers()
    watcher, other = Watcher(), Watcher()
    handlers.watchers.add(watcher)
    handlers.watchers.add(watcher)
    handlers.watchers.add(other)
    touched = other.touched
    del other
    gc.collect()

    handlers.register(404)(one)
    handlers.register(405, 406)(one)

    assert (watcher.touched, touched) == (2, 0)


# Classes of HTTP errors.


def test_keys_that_mean_the_same_have_one_form() -> None:
    class Special(NotFound):
        """Inherits the code but is not the framework's class for it."""

    assert (
        FRAMEWORK.normalize_key(Exception) == FRAMEWORK.normalize_key(HttpError) == FRAMEWORK.normalize_key("*") == "*"
    )
    assert FRAMEWORK.normalize_key(NotFound) == FRAMEWORK.normalize_key(404) == 404
    assert FRAMEWORK.normalize_key(Special) is Special
    assert FRAMEWORK.normalize_key(KeyError) is KeyError
    assert FRAMEWORK.normalize_key("4xx") == "4xx"
    assert HTTPErrorClasses().normalize_key(NotFound) is NotFound
    assert HTTPErrorClasses().normalize_key(Exception) == "*"


# The handlers of one scope.


class Deep(NotFound):
    pass


class Deeper(Deep):
    pass


def handler(label: str) -> Handler:
    def answer(exc: BaseException) -> None: ...

    answer.__qualname__ = label
    return Handler.of(answer)


def table(*keys: Key) -> ScopeHandlers:
    return ScopeHandlers([(key, handler(repr(key))) for key in keys], FRAMEWORK)


def asked(found: Any) -> list[str]:
    return [each.function.__qualname__ for each in found]


def test_within_one_scope_the_most_specific_handler_comes_first() -> None:
    full = table("*", "4xx", 404, LookupError, Deep, Deeper, 410, "5xx", 500)

    assert asked(full.find(Deeper, 404)) == [repr(Deeper), repr(Deep), "404", "'4xx'", "'*'"]
    assert asked(full.find(Deep, 404)) == [repr(Deep), "404", "'4xx'", "'*'"]
    assert asked(full.find(NotFound, 404)) == ["404", "'4xx'", "'*'"]
    assert asked(full.find(Conflict, 409)) == ["'4xx'", "'*'"]
    assert asked(full.find(ServerError, 500)) == ["500", "'5xx'", "'*'"]
    assert asked(full.find(Problem, 410)) == ["410", "'4xx'", "'*'"]


def test_a_code_and_the_frameworks_class_for_it_are_one_key_of_which_the_last_counts() -> None:
    first, second = handler("first"), handler("second")

    for keys in ((404, NotFound), (NotFound, 404), (404, 404)):
        both = ScopeHandlers([(keys[0], first), (keys[1], second)], FRAMEWORK)
        assert asked(both.find(NotFound, 404)) == ["second"]
        assert asked(both.find(Problem, 404)) == ["second"]


def test_catch_alls_are_one_key_of_which_the_last_counts() -> None:
    for key in ("*", Exception, HttpError):
        last = ScopeHandlers(
            [("*", handler("first")), (Exception, handler("second")), (key, handler("last"))], FRAMEWORK
        )
        assert asked(last.find(NotFound, 404)) == ["last"]


def test_a_subclass_of_the_frameworks_class_is_answered_by_the_handler_of_the_code_even_with_a_status_of_its_own() -> (
    None
):
    assert asked(table(404).find(Deeper, 410)) == ["404"]


def test_a_handler_registered_for_several_keys_at_once_is_asked_once() -> None:
    both = handler("both")

    assert asked(ScopeHandlers([(404, both), ("4xx", both), ("*", both)], FRAMEWORK).find(NotFound, 404)) == ["both"]


def test_for_a_class_there_are_its_own_handler_and_those_of_its_bases_but_no_catch_all() -> None:
    full = table("*", LookupError, KeyError, ValueError, 500, "5xx")

    assert asked(full.find(KeyError)) == [repr(KeyError), repr(LookupError)]
    assert asked(full.find(ZeroDivisionError)) == []
    assert asked(table("*").find(KeyError)) == []


def test_a_handler_for_the_name_of_a_class_answers_the_class_and_its_subclasses() -> None:
    named = f"{__name__}.Deep"

    assert asked(table(named, "5xx").find(Deep)) == [repr(named)]
    assert asked(table(named, KeyError).find(Deeper)) == [repr(named)]
    assert asked(table(named, 404).find(Deep, 404)) == [repr(named), "404"]
    assert asked(table(named, KeyError).find(ValueError)) == []


@pytest.mark.parametrize("keys", [(Deep, f"{__name__}.Deep"), (f"{__name__}.Deep", Deep)])
def test_a_handler_for_a_class_comes_before_that_for_its_name(keys: tuple[Key, ...]) -> None:
    assert asked(table(*keys).find(Deep)) == [repr(Deep), repr(f"{__name__}.Deep")]


def test_a_handler_for_the_name_of_a_subclass_comes_before_that_for_the_class() -> None:
    named = f"{__name__}.Deeper"

    assert asked(table(Deep, named).find(Deeper)) == [repr(named), repr(Deep)]


def test_a_handler_for_a_class_and_its_base_is_asked_once() -> None:
    both, base = Handler.of(one), Handler.of(one)
    handlers = ScopeHandlers([(LookupError, both), (KeyError, both), (Exception, both)], FRAMEWORK)

    assert list(handlers.find(KeyError)) == [both]
    assert list(ScopeHandlers([(LookupError, base), (KeyError, both)]).find(KeyError)) == [both, base]
    assert asked(ScopeHandlers(()).find(KeyError, 500)) == []


CLASSES = [NotFound, Deep, Deeper, Conflict, ServerError, HttpError, Problem, KeyError, LookupError]
KEYS: list[Key] = [404, 409, 500, 410, "4xx", "5xx", "*", Exception, HttpError, *CLASSES]


@given(st.lists(st.sampled_from(KEYS), max_size=12), st.sampled_from(CLASSES), st.sampled_from([404, 409, 410, 500]))
@settings(deadline=None, max_examples=300)
def test_the_order_agrees_with_a_ranking_of_every_key_by_itself(
    keys: list[Key], cls: type[Exception], status: int
) -> None:
    def canonical(key: Key) -> object:
        if key in (Exception, HttpError):
            return "*"
        same: dict[object, object] = {NotFound: 404, Conflict: 409, ServerError: 500}
        return same.get(key, key)

    last: dict[object, Handler] = {}
    for index, key in enumerate(keys):
        last[canonical(key)] = handler(str(index))
    expected = [
        last[canonical(base)] for base in inspect.getmro(cls)[:-2] if canonical(base) in last and canonical(base) != "*"
    ]
    expected += [last[key] for key in (status, f"{status // 100}xx", "*") if key in last]

    built = ScopeHandlers([(key, handler(str(index))) for index, key in enumerate(keys)], FRAMEWORK)

    assert asked(built.find(cls, status)) == list(dict.fromkeys(asked(expected)))
