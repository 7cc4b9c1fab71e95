"""Everything that an adapter for a framework needs of errbridge. Both adapters of this project use nothing else.

An adapter implements `Application`, collects `RequestFacts`, starts the plan that `respond` returns, drives it with
`drive` or `adrive`, and makes a response of the outcome. It decides nothing.
"""

from __future__ import annotations

from errbridge.application.installation import Installation
from errbridge.application.protocol import Application, Draft, NativeHandler, Place
from errbridge.handlers.handlers import HTTPErrorClasses
from errbridge.handlers.registry import Registry
from errbridge.handling.drivers import LEFT, Call, Colour, Native, Outcome, Raised, Run, adrive, drive
from errbridge.handling.respond import receive, respond
from errbridge.http.headers import RequestHeaders
from errbridge.http.request import RequestFacts
from errbridge.incident import CloseFrame, enter_request, leave_request
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.representations.response import Response
from errbridge.scopes.patterns import find_converter

__all__ = [
    "LEFT",
    "Application",
    "Call",
    "CloseFrame",
    "Colour",
    "Draft",
    "HTTPErrorClasses",
    "HTTPErrorFacts",
    "Installation",
    "Native",
    "NativeHandler",
    "Outcome",
    "Place",
    "Raised",
    "Registry",
    "RequestFacts",
    "RequestHeaders",
    "Response",
    "Run",
    "adrive",
    "drive",
    "enter_request",
    "find_converter",
    "leave_request",
    "receive",
    "respond",
]
