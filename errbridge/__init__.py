"""errbridge: one place where a web service says how its errors look.

The law of this package:

1. It knows no framework, no event loop, no thread and no socket. What it needs of a framework is listed in
   `errbridge.application.protocol`; the adapters ``errbridge_flask`` and ``errbridge_quart`` answer. (`errbridge.pallets` is what
   those two share, and only they may import it; `errbridge.asgi` serves both and knows neither.)
2. An error goes one way: exception, facts, problem, media type, incident, chain of scopes, handler, answer,
   representation, response. No step changes what it was given or knows a later one.
3. The order of things is written once, in `errbridge.handling.plan`.
4. Nothing that a client, a handler or a template does can keep an answer from being complete.
"""

from errbridge.errors import SetupError
from errbridge.handlers.handlers import Handlers
from errbridge.http.request import RequestFacts
from errbridge.incident import Incident, Page, Reply
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
]
