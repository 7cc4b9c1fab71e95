"""Programs that are wrong, each with what the checkers say of it. They are never run.

A line with a mistake ends with a comment that has the words of mypy, then those of pyright; both have to report it there, in these words among
others, and nothing anywhere else. So have ty and pyrefly, in words of their own; what one of them misses has its name at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

import flask
import quart
from werkzeug.exceptions import NotFound

from errbridge import ErrorDispatcher, Handlers, Incident, Page, Problem, Reply, Scope, URLPrefixDispatcher
from errbridge.asgi import Bridge
from errbridge.testing import Incidents, assert_problem
from errbridge_flask import ErrorHandler


class ShopError(Exception): ...


class NotSold(ShopError):
    item: str


class Locked(Exception):
    row: int


class SoldOut(Problem, status=409):
    wanted: int
    left: int = 0


class Returned(SoldOut):
    kind: ClassVar[str] = "goods"
    why: str


app = flask.Flask(__name__)
api = flask.Blueprint("api", __name__)
quart_app = quart.Quart(__name__)
quart_api = quart.Blueprint("api", __name__)
errors = ErrorHandler(app)
handlers = Handlers()


# Handlers


@errors.register(app, NotSold)  # mypy: incompatible type "Callable[[Locked], str]"; pyright: "NotSold" is not assignable to "Locked"
def for_another_class(exc: Locked) -> str:
    return "x"


@errors.register(app, code=NotSold)  # mypy: "Callable[[NotSold], int]"; pyright: return type "int"
def returns_a_number(exc: NotSold) -> int:
    return 404


@errors.register(app, 404)  # mypy: "Callable[[], str]"; pyright: expected 1 but received 0
def takes_nothing() -> str:
    return "x"


@errors.register(app, 404)  # mypy: "Callable[[Exception, Incident, int], str]"; pyright: Extra parameter "more"
def takes_too_much(exc: Exception, incident: Incident, more: int) -> str:
    return "x"


@errors.register(app, 404)  # mypy: "Callable[[Exception, str], str]"; pyright: "Incident" is not assignable to "str"
def takes_something_else(exc: Exception, path: str) -> str:
    return path


@errors.register(app, ShopError)  # mypy: "Callable[[NotSold], str]"; pyright: "ShopError" is not assignable to "NotSold"
def for_a_class_below(exc: NotSold) -> str:
    return "x"


@errors.register(NotSold)  # mypy: "def needs_a_keyword; pyright: Extra parameter "verbose"
def needs_a_keyword(exc: NotSold, *, verbose: bool) -> str:
    return "x"


@errors.register(NotSold)  # mypy: tuple[str, str]; pyright: return type "tuple[str, str]"
def returns_a_status_in_quotes(exc: NotSold) -> tuple[str, str]:
    return "x", "404"


@errors.register(NotSold)  # mypy: tuple[int, str]; pyright: return type "tuple[int, str]"
def returns_a_tuple_the_wrong_way_round(exc: NotSold) -> tuple[int, str]:
    return 404, "x"


@errors.register(NotSold)  # mypy: Iterator[int]; pyright: return type "Iterator[int]"
def streams_numbers(exc: NotSold) -> Iterator[int]:
    yield 404


@errors.register(app, code="404")  # mypy: incompatible type "Literal['404']"; pyright: "Literal['404']" cannot be assigned to parameter "code"; missed by pyrefly
def for_a_status_in_quotes(exc: Exception) -> str:
    return "x"


@errors.register(app, NotSold)  # mypy: "Callable[[NotSold], type[SoldOut]]"; pyright: return type "type[SoldOut]"
def returns_a_class(exc: NotSold) -> type[SoldOut]:
    return SoldOut


@errors.register(app, NotSold)  # mypy: Coroutine[Any, Any, int]; pyright: return type "CoroutineType[Any, Any, int]"
async def returns_a_number_later(exc: NotSold) -> int:
    return 404


@errors.register(NotSold, Locked)  # mypy: incompatible type "Callable[[NotSold], str]"; pyright: "Locked" is not assignable to "NotSold"
def for_one_class_of_two(exc: NotSold) -> str:
    return "x"


@errors.register  # mypy: No overload variant; pyright: No overloads for "register"
def without_parentheses(exc: Exception) -> str:
    return "x"


@errors.register(KeyboardInterrupt)  # mypy: cannot be "KeyboardInterrupt"; pyright: No overloads for "register"
def for_the_end_of_the_process(exc: KeyboardInterrupt) -> str:
    return "x"


@handlers.register(NotSold)  # mypy: incompatible type "Callable[[Locked], str]"; pyright: "NotSold" is not assignable to "Locked"
def shared_for_another_class(exc: Locked) -> str:
    return "x"


@handlers.register(404)  # mypy: "Callable[[], str]"; pyright: expected 1 but received 0
def shared_takes_nothing() -> str:
    return "x"


@handlers.register(404, 410)  # mypy: "Callable[[Exception], int]"; pyright: return type "int"
def shared_returns_a_number(exc: Exception) -> int:
    return 404


@handlers.register("404")  # mypy: incompatible type "Literal['404']"; pyright: No overloads for "register"; missed by pyrefly
def shared_for_a_status_in_quotes(exc: Exception) -> str:
    return "x"


class Answering:
    @handlers.register(NotSold)  # mypy: "Callable[[Answering, NotSold], str]"; pyright: "NotSold" is not assignable to "Answering"
    def without_its_object(self, exc: NotSold) -> str:
        return "x"

    def __call__(self, exc: Locked) -> str:
        return "x"


def takes_more(exc: NotSold, sku: str) -> str:
    return sku


handlers.register(NotSold)(Answering())  # mypy: incompatible type "Answering"; pyright: "NotSold" is not assignable to "Locked"
handlers.register(NotSold)(Answering)  # mypy: incompatible type "type[Answering]"; pyright: expected 1 but received 0
handlers.register(NotSold)(SoldOut)  # mypy: incompatible type "type[SoldOut]"; pyright: Extra parameter "wanted"
handlers.register(NotSold)(lambda: Problem(404))  # mypy: "Callable[[], Problem]"; pyright: expected 1 but received 0
handlers.register(NotSold)(lambda exc: 404)  # mypy: "Callable[[Any], int]"; pyright: return type "Literal[404]"
handlers.register(NotSold)(lambda exc, incident, more: "x")  # mypy: "Callable[[Any, Any, Any], str]"; pyright: Extra parameter "more"
handlers.register(NotSold)(partial(takes_more, sku=3))  # mypy: incompatible type "int"; pyright: cannot be assigned to parameter "sku" of type "str"
handlers.register(NotSold)(takes_more)  # mypy: "Callable[[NotSold, str], str]"; pyright: "Incident" is not assignable to "str"
handlers.register(NotSold)(Problem(404))  # mypy: matches argument type "Problem"; pyright: No overloads for "__call__"
handlers.register(NotSold)("shop.not_sold")  # mypy: matches argument type "str"; pyright: No overloads for "__call__"


@handlers.register  # mypy: No overload variant; pyright: No overloads for "register"
def shared_without_parentheses(exc: Exception) -> str:
    return "x"


handlers.map({NotSold: "404"})  # mypy: Dict entry 0 has incompatible type "type[NotSold]": "str"; pyright: is not assignable to type "Meaning"
handlers.map({NotSold: None})  # mypy: "type[NotSold]": "None"; pyright: is not assignable to type "Meaning"
handlers.map({NotSold: SoldOut})  # mypy: "type[NotSold]": "type[SoldOut]"; pyright: is not assignable to type "Meaning"
handlers.map({NotSold: lambda: Problem(404)})  # mypy: "Callable[[], Problem]"; pyright: is not assignable to type "Meaning"
handlers.map([(NotSold, 404)])  # mypy: No overload variant of "map"; pyright: No overloads for "map"
errors.register(NotFound())  # mypy: No overload variant of "register"; pyright: No overloads for "register"
errors.register(app, NotSold("x"))  # mypy: No overload variant of "register"; pyright: No overloads for "register"
errors.register(code=[404, "410"])  # mypy: List item 1 has incompatible type; pyright: cannot be assigned to parameter "code"
handlers.register(app, 404)  # mypy: No overload variant of "register"; pyright: No overloads for "register"
handlers.register(NotSold, "/api")  # mypy: incompatible type "Literal['/api']"; pyright: No overloads for "register"; missed by pyrefly
errors.map({"404": 404})  # mypy: Argument 1 to "map" of "BaseErrorHandler" has incompatible type "dict[str; pyright: "map"


# Targets


errors.api_register("api", 3)  # mypy: incompatible type "int"; pyright: "Literal[3]" is not assignable to "Flask"
errors.web_register(404)  # mypy: incompatible type "int"; pyright: "Literal[404]" is not assignable to "Flask"
errors.api_register(quart_app)  # mypy: incompatible type "Quart"; pyright: "Quart" is not assignable to "Flask"
errors.include(app, handlers)  # mypy: incompatible type "Flask"; expected "Handlers"; pyright: "Flask" is not assignable to "Handlers"
errors.api_register(quart_api)  # mypy: incompatible type "quart.blueprints.Blueprint"; pyright: "quart.blueprints.Blueprint" is not assignable to
errors.register(quart_api, 404)  # mypy: No overload variant of "register"; pyright: No overloads for "register"
errors.map({NotSold: 404}, quart_api)  # mypy: No overload variant of "map"; pyright: No overloads for "map"
errors.include("shop.handlers")  # mypy: incompatible type "str"; expected "Handlers"; pyright: is not assignable to "Handlers"
errors.init_app()  # mypy: Missing positional argument "app"; pyright: Argument missing for parameter "app"
ErrorHandler(flask.Flask)  # mypy: incompatible type "type[Flask]"; pyright: "type[Flask]" is not assignable to
Scope(prefix=3)  # mypy: "prefix" to "Scope" has incompatible type "int"; pyright: "Literal[3]" is not assignable to "str"
ErrorHandler(quart_app)  # mypy: incompatible type "Quart"; pyright: "Quart" is not assignable to "Flask"


# Options


ErrorHandler(app, handler="json")  # mypy: incompatible type "Literal['json']"; pyright: "Literal['json']" is not assignable
ErrorHandler(app, dispatcher="prefix")  # mypy: incompatible type "Literal['prefix']"; pyright: "Literal['prefix']" is not assignable
ErrorHandler(app, ERROR_PAGES="error.html")  # mypy: Unexpected keyword argument "ERROR_PAGES"; pyright: No parameter named "ERROR_PAGES"; missed by ty
ErrorHandler(app, ERROR_PAGE=3)  # mypy: "ERROR_PAGE" to "ErrorHandler" has incompatible type "int"; pyright: "Literal[3]" is not assignable to "str"
ErrorHandler().init_app(app, ERROR_XHR_ENABLED="no")  # mypy: incompatible type "str"; pyright: "Literal['no']" is not assignable to "bool"
ErrorHandler(app, error_page="x")  # mypy: Unexpected keyword argument "error_page"; pyright: No parameter named "error_page"; missed by ty
ErrorHandler(app, ERROR_CONTENT_TYPES=["yaml"])  # mypy: List item 0 has incompatible type; pyright: "Literal['yaml']" is not assignable
ErrorHandler(app, ERROR_HANDLER="json")  # mypy: "ERROR_HANDLER" to "ErrorHandler"; pyright: "Literal['json']" is not assignable
ErrorHandler(app, ERROR_LANGUAGES="en")  # mypy: "ERROR_LANGUAGES" to "ErrorHandler"; pyright: "Literal['en']" is not assignable
ErrorHandler(app, ERROR_VALIDATION="yes")  # mypy: "ERROR_VALIDATION" to "ErrorHandler"; pyright: "Literal['yes']" is not assignable
ErrorHandler(app, dispatcher=URLPrefixDispatcher())  # mypy: incompatible type "URLPrefixDispatcher"; pyright: is not assignable to type "type[ErrorDispatcher]"


class OfAnIncident(ErrorDispatcher):
    def dispatch(self, incident: Incident) -> tuple[Scope, ...]:  # mypy: Signature of "dispatch" incompatible; pyright: overrides class "ErrorDispatcher"
        return ()


ErrorHandler(app, response={"a": 1})  # mypy: incompatible type "dict[str, int]"; pyright: "dict[str, int]" is not assignable


# Problems


SoldOut(wanted="3")  # mypy: "wanted" to "SoldOut" has incompatible type "str"; pyright: "Literal['3']" is not assignable to "int"
SoldOut(wantd=3)  # mypy: Unexpected keyword argument "wantd"; pyright: No parameter named "wantd"
SoldOut()  # mypy: Missing named argument "wanted"; pyright: Argument missing for parameter "wanted"
SoldOut(3)  # mypy: Missing named argument "wanted"; pyright: Argument missing for parameter "wanted"
SoldOut(wanted=None)  # mypy: incompatible type "None"; pyright: "None" is not assignable to "int"
SoldOut(wanted=1, details="x")  # mypy: Unexpected keyword argument "details"; pyright: No parameter named "details"
SoldOut(wanted=1).lef  # mypy: "SoldOut" has no attribute "lef"; pyright: Cannot access attribute "lef"
Returned(why="broken")  # mypy: Missing named argument "wanted"; pyright: Argument missing for parameter "wanted"
Returned(wanted=1)  # mypy: Missing named argument "why"; pyright: Argument missing for parameter "why"
Returned(wanted=1, why="broken", kind="x")  # mypy: Unexpected keyword argument "kind"; pyright: No parameter named "kind"


class StatusInQuotes(Problem, status="409"): ...  # mypy: "status" to "__init_subclass__" of "Problem"; pyright: "Literal['409']" is not assignable to "int"
class Misspelt(Problem, statuss=409): ...  # mypy: "statuss" to "__init_subclass__" of "Problem"; pyright: "statuss" of type "Never"


class WrongDefault(Problem, status=409):
    wanted: int = "x"  # mypy: Incompatible types in assignment; pyright: is not assignable to declared type "int"


Problem(404, "detail", "title")  # mypy: Too many positional arguments; pyright: Expected 2 positional arguments
Problem(404, headers={"X": 1})  # mypy: incompatible type "dict[str, int]"; pyright: "dict[str, int]" is not assignable
Reply("x", "404")  # mypy: incompatible type "str"; pyright: "Literal['404']" is not assignable to "int"
Page(404)  # mypy: incompatible type "int"; pyright: "Literal[404]" is not assignable to "str"
Problem("404")  # mypy: incompatible type "str"; pyright: "Literal['404']" is not assignable to "int"
Problem(404, detail=3)  # mypy: incompatible type "int"; pyright: "Literal[3]" is not assignable to "str"
Problem(404, headers=3)  # mypy: incompatible type "int"; pyright: "Literal[3]" is not assignable


# Hooks, the bridge, tests


@errors.on_incident  # mypy: Value of type variable "HookT"; pyright: return type "str"
def chooses(incident: Incident, reply: Reply) -> str:
    return "nothing looks at it"


def look(incident: Incident) -> None:
    incident.id = "x"  # mypy: "id" defined in "Incident" is read-only; pyright: "id" is read-only
    incident.status  # mypy: has no attribute "status"; pyright: Cannot access attribute "status"


async def trace() -> str:
    return "x"


errors.on_incident(look)  # mypy: "HookT" of "on_incident"; pyright: expected 2 but received 1
errors.on_incident(lambda incident, reply, more: None)  # mypy: "HookT" of "on_incident"; pyright: Extra parameter "more"
errors.trace_with(trace)  # mypy: Coroutine[Any, Any, str]; pyright: return type "CoroutineType[Any, Any, str]"
errors.locale_with(lambda request: "de")  # mypy: "Callable[[Any], str]"; pyright: Extra parameter "request"
Bridge()  # mypy: Missing positional argument "apps"; pyright: Argument missing for parameter "apps"
Bridge(app, quart_app)  # mypy: Too many positional arguments; pyright: Expected 1 positional argument
Bridge([("/", app)])  # mypy: incompatible type "tuple[str, Flask]"; pyright: "tuple[str, Flask]" is not assignable
Bridge({"/": [app]})  # mypy: "str": "list[Flask]"; pyright: "list[Flask]" is not a subtype
Bridge({"/": app}, thread=8)  # mypy: Unexpected keyword argument "thread"; pyright: No parameter named "thread"
Bridge([api])  # mypy: incompatible type "Blueprint"; pyright: "Blueprint" is not assignable
assert_problem(app.test_client().get("/"), 404)  # mypy: Argument 2 to "assert_problem"; pyright: cannot be assigned to parameter "problem"
assert_problem(app.test_client().get("/"), Problem(404))  # mypy: Argument 2 to "assert_problem"; pyright: cannot be assigned to parameter "problem"
errors.on_incident(lambda: None)  # mypy: Callable[[], None]; pyright: expected 2 but received 0
errors.trace_with("trace")  # mypy: incompatible type "str"; pyright: "Literal['trace']" is not assignable
Bridge({"/": 3})  # mypy: incompatible type "str": "int"; pyright: "int" is not a subtype
Bridge({5: app})  # mypy: "PlaceT" of "Bridge" cannot be "int"; pyright: "int" is not
Bridge(app)  # mypy: incompatible type "Flask"; pyright: "Flask" is not assignable
Bridge([flask.Flask])  # mypy: incompatible type "type[Flask]"; pyright: "type[Flask]" is not assignable
Bridge([app], threads="8")  # mypy: incompatible type "str"; pyright: "Literal['8']" is not assignable to "int"
assert_problem(app.test_client().get, status=404)  # mypy: incompatible type "def get(; pyright: is not assignable to
assert_problem(quart_app.test_client().get("/"))  # mypy: incompatible type "Coroutine; pyright: is not assignable to
assert_problem(app.test_client().get("/"), status="404")  # mypy: incompatible type "Literal['404']"; pyright: "Literal['404']" is not assignable
Incidents().only(statuss=404)  # mypy: Unexpected keyword argument "statuss"; pyright: No parameter named "statuss"; missed by ty
Incidents().only(status=404.0)  # mypy: incompatible type "float"; pyright: "float" is not assignable to "int"
