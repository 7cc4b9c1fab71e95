"""errbridge: one place where a web service defines what its errors look like.

The law of this package:

1. **The core knows no framework**: it imports none, and it names no attribute of a framework's object. What it needs is
   in `errbridge.application.protocol`; the adapters ``errbridge_flask`` and ``errbridge_quart`` implement it through
   `errbridge.adapter`. Everything about Werkzeug is in `errbridge.pallets`, which only those two import.
2. **An error goes one way**: exception, facts, problem, chain, style and media type, incident, handlers, outcome,
   representation, response. No stage changes what it was given, and nothing is computed twice.
3. **The order of things is written once**, in `errbridge.handling.respond`. ``flask errors explain`` is a trace of it.
4. **There is one path**. What equal errors share is a pure step with a bounded cache, in `errbridge.handling.builtin`.
5. Nothing that a client, a handler or a template does can keep an answer from being complete.

Why did ``/api/v2`` answer like this? `handling.context.open_context` finds the owners of the URL and the style with
`application.errormap`, and the media type with `representations.styles`; `handling.respond` asks the handlers in the
order of its `find_candidates`, and shows the problem with `handling.showing` or `handling.builtin`.

Each package or module imports only from those below it:

======================  ===============================================================================
`asgi`                  the bridge: Flask, Quart and other applications behind one ASGI server
`pallets`               what Flask and Quart share, and everything about Werkzeug
`testing`               assertions, fixtures and the conformance cases
`otel` `sentry`         integrations
`inspection`            ``flask errors list``, ``explain``, ``check``, ``preview``, ``find``
`adapter`               everything that an adapter needs
`handling`              one error, from the exception to the outcome
`telemetry`             the log record, and calling the hooks
`application`           one application: settings, the protocol, the error map (owners and chains), hooks
`mapping`               from an exception to its problem
`validation`            errors of libraries that validate data
`catalogue`             the problem types of a service
`handlers`              registered handlers, and what they are registered for
`representations`       what a problem looks like: styles, JSON, XML, page, text, the finished response
`incident`              one error, and what a handler may return
`problem` `scopes`      what an error is; who owns a URL
`languages`             messages, and their catalogues in the languages of a service
`http`                  status codes, header fields, Accept, trace context, the facts of a request
`errors`                errors of set-up
`introspection`         names and places of functions and exceptions
`log`                   errbridge's own logger
======================  ===============================================================================
"""

from typing import TYPE_CHECKING

from errbridge.errors import SetupError, locate
from errbridge.handlers.handlers import Handlers
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, Page, Reply, current_incident_id
from errbridge.problem.problem import Problem
from errbridge.scopes.dispatch import (
    AutoDispatcher,
    DefaultDispatcher,
    ErrorDispatcher,
    SubdomainDispatcher,
    URLPrefixDispatcher,
)
from errbridge.scopes.scope import Scope

__all__ = [
    "AutoDispatcher",
    "DefaultDispatcher",
    "ErrorDispatcher",
    "Handlers",
    "Incident",
    "Page",
    "Problem",
    "Reply",
    "RequestFacts",
    "Scope",
    "SetupError",
    "SubdomainDispatcher",
    "URLPrefixDispatcher",
    "current_incident_id",
]

__version__ = "0.1.0"

if not TYPE_CHECKING:  # a type checker is to report names that do not exist

    def __getattr__(name: str) -> object:
        """Say where a name is that you may look for here."""
        raise locate(__name__, name)
