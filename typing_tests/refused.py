"""Programs that are wrong, each with what the checkers say of it. They are never run.

A line with a mistake ends with a comment that has the words of mypy, then those of pyright; both have to report it there, in these words among
others, and nothing anywhere else.
"""

from __future__ import annotations

import flask
import quart

from errbridge import Handlers, Incident, Problem, Reply
from errbridge.asgi import Bridge
from errbridge.testing import assert_problem
from errbridge_flask import ErrorHandler


class NotSold(Exception):
    item: str


class Locked(Exception):
    row: int


class SoldOut(Problem, status=409):
    wanted: int


app = flask.Flask(__name__)
api = flask.Blueprint("api", __name__)
quart_app = quart.Quart(__name__)
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


@errors.register(app, code="404")  # mypy: incompatible type "Literal['404']"; pyright: "Literal['404']" cannot be assigned to parameter "code"
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


@handlers.register("404")  # mypy: incompatible type "Literal['404']"; pyright: No overloads for "register"
def shared_for_a_status_in_quotes(exc: Exception) -> str:
    return "x"


@handlers.register  # mypy: No overload variant; pyright: No overloads for "register"
def shared_without_parentheses(exc: Exception) -> str:
    return "x"


handlers.map({NotSold: "404"})  # mypy: Dict entry 0 has incompatible type "type[NotSold]": "str"; pyright: is not assignable to type "Meaning"
errors.map({"404": 404})  # mypy: Argument 1 to "map" of "BaseErrorHandler" has incompatible type "dict[str; pyright: "map"


# Targets


errors.api_register("api", 3)  # mypy: incompatible type "int"; pyright: "Literal[3]" is not assignable to "Flask"
errors.web_register(404)  # mypy: incompatible type "int"; pyright: "Literal[404]" is not assignable to "Flask"
errors.api_register(quart_app)  # mypy: incompatible type "Quart"; pyright: "Quart" is not assignable to "Flask"
errors.include(app, handlers)  # mypy: incompatible type "Flask"; expected "Handlers"; pyright: "Flask" is not assignable to "Handlers"
ErrorHandler(quart_app)  # mypy: incompatible type "Quart"; pyright: "Quart" is not assignable to "Flask"


# Options


ErrorHandler(app, handler="json")  # mypy: incompatible type "Literal['json']"; pyright: "Literal['json']" is not assignable
ErrorHandler(app, dispatcher="prefix")  # mypy: incompatible type "Literal['prefix']"; pyright: "Literal['prefix']" is not assignable
ErrorHandler(app, ERROR_PAGES="error.html")  # mypy: Unexpected keyword argument "ERROR_PAGES"; pyright: No parameter named "ERROR_PAGES"
ErrorHandler(app, ERROR_PAGE=3)  # mypy: "ERROR_PAGE" to "ErrorHandler" has incompatible type "int"; pyright: "Literal[3]" is not assignable to "str"
ErrorHandler().init_app(app, ERROR_XHR_ENABLED="no")  # mypy: incompatible type "str"; pyright: "Literal['no']" is not assignable to "bool"
ErrorHandler(app, response={"a": 1})  # mypy: incompatible type "dict[str, int]"; pyright: "dict[str, int]" is not assignable


# Problems


SoldOut(wanted="3")  # mypy: "wanted" to "SoldOut" has incompatible type "str"; pyright: "Literal['3']" is not assignable to "int"
SoldOut(wantd=3)  # mypy: Unexpected keyword argument "wantd"; pyright: No parameter named "wantd"
SoldOut()  # mypy: Missing named argument "wanted"; pyright: Argument missing for parameter "wanted"
SoldOut(3)  # mypy: Missing named argument "wanted"; pyright: Argument missing for parameter "wanted"
Problem("404")  # mypy: incompatible type "str"; pyright: "Literal['404']" is not assignable to "int"
Problem(404, detail=3)  # mypy: incompatible type "int"; pyright: "Literal[3]" is not assignable to "str"
Problem(404, headers=3)  # mypy: incompatible type "int"; pyright: "Literal[3]" is not assignable


# Hooks, the bridge, tests


@errors.on_incident  # mypy: Value of type variable "HookT"; pyright: return type "str"
def chooses(incident: Incident, reply: Reply) -> str:
    return "nothing looks at it"


errors.on_incident(lambda: None)  # mypy: Callable[[], None]; pyright: expected 2 but received 0
errors.trace_with("trace")  # mypy: incompatible type "str"; pyright: "Literal['trace']" is not assignable
Bridge({"/": 3})  # mypy: incompatible type "str": "int"; pyright: "int" is not a subtype
Bridge({5: app})  # mypy: "PlaceT" of "Bridge" cannot be "int"; pyright: "int" is not
Bridge(app)  # mypy: incompatible type "Flask"; pyright: "Flask" is not assignable
Bridge([flask.Flask])  # mypy: incompatible type "type[Flask]"; pyright: "type[Flask]" is not assignable
Bridge([app], threads="8")  # mypy: incompatible type "str"; pyright: "Literal['8']" is not assignable to "int"
assert_problem(app.test_client().get, status=404)  # mypy: incompatible type "def get(; pyright: is not assignable to
assert_problem(quart_app.test_client().get("/"))  # mypy: incompatible type "Coroutine; pyright: is not assignable to
assert_problem(app.test_client().get("/"), status="404")  # mypy: incompatible type "str"; pyright: "Literal['404']" is not assignable
