"""The seam between a framework and the core: exceptions and facts in, plans out.

Errors are answered in three places. The framework searches a handler for almost all of them
(`Seam.find_error_handler`). An HTTP exception without a status, which both frameworks would send as 200, and an error
that a view returned instead of raising it, pass ``make_response`` (`Seam.respond_to_value`). Errors that escape the
framework, from opening the session or tearing down, are caught around the application (`Seam.respond_outside`).

In two more places an error only passes: an uncaught exception gets its id before the framework sends its signal and
writes its record (`Seam.note_uncaught`), and one that breaks off a stream is recorded (`Seam.watch`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from copy import copy
from functools import partial, wraps
from traceback import walk_tb
from typing import Any, NamedTuple, Self

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException, InternalServerError, MethodNotAllowed
from werkzeug.routing import MapAdapter

from errbridge import Page, Problem, Reply, RequestFacts
from errbridge.adapter import (
    LEFT,
    Application,
    Installation,
    Native,
    Raised,
    Response,
    Run,
    expect_record,
    install,
    log,
    note_uncaught,
    record_broken_stream,
    respond,
    respond_to_result,
    take_apart,
)
from errbridge.pallets.application import PalletsApplication
from errbridge.pallets.blueprints import split_endpoint
from errbridge.pallets.errorhandler import EXTENSION
from errbridge.pallets.private import HandlerSearch

__all__ = ["Fields", "Seam"]

_RAISED = "errbridge.raised"  # kept for a request: the run that raised an exception, until the 500 made of it

_ASKING = "errbridge.asking"  # kept for a request: the runs whose calls are being made; tasks may have some at once

_MATCH = MapAdapter.match.__code__  # what converters are called by

_KNOWN = (HTTPException, Problem, Page, Reply)  # as the result of a view

_context: Any = vars(BaseException)["__context__"]  # an exception's class may define __setattr__


class Fields(NamedTuple):
    """The header fields of a request that are read at each error.

    Attributes:
        values: By name in lower case, as `RequestFacts.from_headers` takes them.
        has_content: Whether the request has a body.
        scope: Its ASGI scope; None if there is none.
    """

    values: Mapping[str, str]
    has_content: bool
    scope: Mapping[str, Any] | None


class Seam(ABC):
    """Takes the errors of an application to the core.

    Args:
        installation: errbridge in the application.
        app: The application.
        search: The framework's own search, for what stays its business.

    Attributes:
        response_class: The framework's class of responses.
        ordinary: Classes of what views return that is the framework's to convert, as almost everything is.
    """

    response_class: Any

    def __init__(self, installation: Installation, app: Any, search: HandlerSearch) -> None:
        self.installation = installation
        self.app = app
        self.search = search
        self.ordinary = frozenset({str, bytes, dict, list, self.response_class})

    @classmethod
    def attach(cls, application: PalletsApplication, make_installation: Callable[[Application], Installation]) -> Self:
        """Attach errbridge to an application, in place of its search for error handlers.

        Args:
            application: The application, as the core sees it.
            make_installation: Makes the installation, with everything that the ``ErrorHandler`` was given.

        Returns:
            The seam, for the errors that pass elsewhere.
        """
        app = application.app
        application.installation = make_installation(application)
        seam = cls(application.installation, app, application.search)
        app._find_error_handler = seam.find_error_handler
        for name, kind in (("handle_exception", "request"), ("handle_websocket_exception", "websocket")):
            if (handle := getattr(app, name, None)) is not None:
                setattr(app, name, seam.wrap_handler(handle, getattr(app, f"full_dispatch_{kind}")))
        app.log_exception = seam.wrap_recorder(app.log_exception)
        install(app, seam.installation)
        app.extensions[EXTENSION] = seam
        return seam

    @abstractmethod
    def current_request(self) -> Any:
        """Return the request or WebSocket that is being handled."""

    keep_for: Callable[[Any], dict[str, Any]]
    """Return where to keep something for all objects of one request."""

    @abstractmethod
    def read_fields(self, request: Any, request_id: str) -> Fields:
        """Read the header fields that matter at each error.

        Args:
            request: The request.
            request_id: The name of the field with the id of a request, in lower case; "" if none is read.
        """

    @abstractmethod
    def raise_refusal(self) -> Any:
        """Raise what the bridge has this application answer."""

    def expect_refusal(self, scope: Mapping[str, Any] | None) -> None:
        """Have the first request that the bridge refuses, and all after it, ask `raise_refusal` before the application.

        Most applications never see such a request, and none of their requests pays for it.
        """
        hooks = self.app.before_request_funcs
        if self.installation.find_refusal(scope) is not None and self.raise_refusal not in hooks.get(None, ()):
            hooks[None] = [self.raise_refusal, *hooks.get(None, ())]  # another thread may be going through the old list

    @abstractmethod
    def list_headers(self, request: Any) -> Iterable[tuple[str, str]]:
        """List the headers of a request as the client sent them."""

    @abstractmethod
    def carry_out(self, run: Run, exc: object = None) -> Any:
        """Handle an error as the framework expects it, in its own colour: carry out the rest of a plan."""

    def read_facts(
        self, error: object, request: Any, blueprints: Sequence[str], *, is_inside: bool = True
    ) -> RequestFacts:
        """Collect the facts of a request; if its class is the application's own and fails, as good as none.

        Args:
            error: What came of it.
            request: The request.
            blueprints: The blueprints of the matched view, innermost first.
            is_inside: Whether the request is still bound, as a function of the application may need it.
        """
        try:
            request_id = (self.installation.settings.request_id or "").lower()
            values, has_content, scope = self.read_fields(request, request_id)
            is_routing, rule = error is request.routing_exception, request.url_rule
            is_method_error = is_routing and isinstance(error, MethodNotAllowed)
            is_routed_again = is_method_error and self.installation.error_map().has_overlaps
            hooks = self.installation.hooks
            facts = {
                "method": request.method,
                "path": request.path,
                "root_path": request.root_path.rstrip("/"),
                "endpoint": None if rule is None else str(rule.endpoint),
                "blueprints": tuple(blueprints),
                "rule_blueprints": self._rule_blueprints(request, error) if is_routed_again else (),
                "routing": is_routing,
                "websocket": scope is not None and scope.get("type") == "websocket",  # the scheme may be a proxy's
                "trace_id": hooks.current_trace() if hooks.trace_id else "",
                "locale": hooks.current_locale() if hooks.locale and is_inside else "",
                "has_input": has_content or bool(request.view_args) or bool(request.query_string),
            }
            read = partial(self.list_headers, request)
            return RequestFacts.from_headers(values, facts, read=read, scope=scope, request_id=request_id)
        except Exception:
            log.exception("errbridge could not read the request")
            return RequestFacts(request.method)

    def _rule_blueprints(self, request: Any, exc: Any) -> tuple[str, ...]:
        """Find the blueprints that have a route for the URL with another method."""
        adapter = self.app.create_url_adapter(request)
        found: dict[str, None] = {}
        waiting = set(exc.valid_methods or ())
        while waiting:
            method = min(waiting)
            waiting.discard(method)
            with suppress(Exception):  # a redirect is an exception, and a converter may fail
                rule, _ = adapter.match(method=method, return_rule=True)
                waiting.difference_update(rule.methods or ())
                found[split_endpoint(rule)[0]] = None
        return tuple(name for name in found if name in self.app.blueprints)

    def note_uncaught(self, exc: BaseException) -> None:
        """Give an uncaught exception its id, before the framework sends its signal and writes its record."""
        try:
            request = self.current_request()
            before: Run | None = self.keep_for(request).get(_RAISED)
            if before is None or before.find(exc) is None:
                facts = self.read_facts(exc, request, request.blueprints)
                self.keep_for(request)[_RAISED] = note_uncaught(self.installation, exc, facts, before)
        except Exception:
            log.exception("errbridge failed; the exception has no incident id yet")

    def wrap_handler(self, handle: Callable[..., Any], dispatch: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a method of the framework that handles uncaught exceptions; newer versions pass the context first.

        Args:
            handle: The method.
            dispatch: The one that dispatches a request, and raises an error of routing.
        """

        @wraps(handle)
        def receive_first(*args: Any, **kwargs: Any) -> Any:
            exc = next(each for each in (*args, *kwargs.values()) if isinstance(each, BaseException))
            if self._is_routing(exc):
                return dispatch(*(arg for arg in args if arg is not exc))
            self.note_uncaught(exc)
            return handle(*args, **kwargs)

        return receive_first

    def _is_routing(self, exc: BaseException) -> bool:
        """Make an error of routing of a `Problem` that a converter raised, as the frameworks do of HTTP exceptions."""
        if not isinstance(exc, Problem):
            return False
        request = self.current_request()
        if request.url_rule is not None or request.routing_exception is not None:
            return False
        if any(frame.f_code is _MATCH for frame, _ in walk_tb(exc.__traceback__)):
            request.routing_exception = exc
        return request.routing_exception is exc  # else it came before: of the session, which is not open

    def wrap_recorder(self, log_exception: Callable[..., None]) -> Callable[..., None]:
        """Wrap the method of the framework that records uncaught exceptions, so that the record has everything.

        The logger is looked at when there is something to record: an application may replace it at any time, and both
        frameworks set it up at the first look.
        """

        @wraps(log_exception)
        def record(*args: Any, **kwargs: Any) -> None:
            with self._expect_record((*args, *kwargs.values())):
                log_exception(*args, **kwargs)

        return record

    def _expect_record(self, args: Iterable[Any]) -> AbstractContextManager[None]:
        try:
            exc = next(each[1] for each in args if isinstance(each, tuple))
            return expect_record(self.keep_for(self.current_request())[_RAISED], exc, self.app.logger)
        except Exception:  # without a request, while the application starts or stops, there is no incident
            return nullcontext()

    def add_id(self, response: Any) -> Any:
        """Add the header with the id of the current incident to a response."""
        if (occurrence := self.installation.get_current()) is None or occurrence.header is None:
            return response
        response = copy(response)  # it may be one that a handler returns for every request
        response.headers = Headers(list(occurrence.add_id(response.headers)))
        return response

    def watch(self, response: Any) -> Callable[[Exception, Any], None]:
        """Return a function that records an exception which breaks off a response, and takes the request as well."""
        status = response.status_code

        def record(exc: Exception, request: Any) -> None:
            try:
                facts = self.read_facts(exc, request, request.blueprints, is_inside=False)
                record_broken_stream(self.installation, exc, facts, status)
            except Exception:
                log.exception("errbridge failed; an exception that broke off a stream is not recorded")

        return record

    def find_error_handler(self, exc: Exception, blueprints: list[str]) -> Callable[..., Any] | None:
        """Answer the framework's search for a handler; None lets the exception go on its way."""
        request = self.current_request()
        before: Run | None = self.keep_for(request).pop(_RAISED, None)
        facts = self.read_facts(exc, request, blueprints) if before is None else before.request
        run = respond(self.installation, exc, facts, before)
        if run.outcome is LEFT:
            return self.search.find(exc, blueprints)
        if isinstance(run.outcome, Raised) and run.outcome.exception is exc:
            self.keep_for(request)[_RAISED] = run
            return None
        return partial(self.carry_out, run)

    def respond_to_value(self, value: object) -> Run | None:
        """Start the plan for what is about to become a response; None if it is the framework's to convert.

        It is errbridge's if it is an error that nothing was asked about, a page or a reply, alone or in a tuple.
        """
        parts = take_apart(value)
        if not (parts.is_class or isinstance(parts.body, _KNOWN)):
            return None
        try:
            request = self.current_request()
        except RuntimeError:  # in an app context alone
            run = respond_to_result(self.installation, parts, None)
        else:
            facts = self.read_facts(value, request, request.blueprints)
            kept = self.keep_for(request)
            # Another request may be in it, of an application that passes its own environ on, or a copy.
            asking = next((run for owner, run in reversed(kept.get(_ASKING, ())) if owner is request), None)
            run = respond_to_result(self.installation, parts, facts, kept.pop(_RAISED, None), asking)
        return None if run.outcome is LEFT else run

    def respond_outside(self, exc: BaseException, request: Any) -> Any:
        """Answer what escaped the framework's own handling, when there is no request context any more.

        Raises:
            BaseException: The exception, in propagate mode.
        """
        error: HTTPException = InternalServerError(original_exception=exc)  # whatever it is, it comes too late
        try:
            adapter = self.app.create_url_adapter(request)
            if request.url_rule is None:  # Flask has let go of the request; the style is that of the view's owner
                with suppress(Exception):  # a converter may fail, perhaps once more
                    request.url_rule, request.view_args = adapter.match(return_rule=True)
        except HTTPException as unroutable:  # a Host that cannot be one; Quart finds out before there is a request
            error = unroutable
        except Exception:
            log.exception("errbridge could not read the request")
        facts = self.read_facts(error, request, request.blueprints, is_inside=False)
        before: Run | None = self.keep_for(request).pop(_RAISED, None)
        run = respond(self.installation, error, facts, before, outside=True)
        if isinstance(run.outcome, Raised):
            raise exc
        return self.add_id(self.make_result(run))

    @contextmanager
    def asking(self, run: Run) -> Generator[None]:
        """Keep in mind, while the calls of a plan are made, which error they are about."""
        if not run.contexts:  # a page or a reply; there may be no request
            yield
            return
        request = self.current_request()
        asked, entry = self.keep_for(request).setdefault(_ASKING, []), (request, run)
        asked.append(entry)
        try:
            yield
        finally:
            asked.remove(entry)

    def make_result(self, run: Run) -> Any:
        """Turn the outcome of a plan into what the framework expects of an error handler."""
        outcome = run.outcome
        if isinstance(outcome, Response):
            headers = Headers()
            headers[:] = outcome.headers  # in half the time that the constructor takes
            try:
                built = self.app.response_class(outcome.body, status=outcome.status, headers=headers)  # as Flask does
            except Exception:  # it may need text, or a request that is over
                log.exception("the response class of the application failed; the framework's is used")
                built = self.response_class(outcome.body, outcome.status, headers)
            if outcome.body is None and outcome.content_type is None:  # the frameworks would make one up
                del built.headers["Content-Type"]
            return built
        if isinstance(outcome, Native):
            return outcome.value
        assert isinstance(outcome, Raised)
        with suppress(RuntimeError):  # in an app context alone
            self.keep_for(self.current_request())[_RAISED] = run
        exc, context = outcome.exception, _context.__get__(outcome.exception)
        try:
            raise exc
        finally:
            _context.__set__(exc, context)  # Python has put the exception that the framework is handling in its place
            del exc, outcome, run  # the traceback has this frame
