"""Everything that an adapter for a framework needs of errbridge, to answer its errors.

An adapter implements `Application`, collects `errbridge.RequestFacts`, and calls `respond` with them, which starts the
plan for an error; `respond_to_result` does so for what a view returned, which `take_apart` takes apart. `drive` or
`adrive` carries the plan out, and the adapter makes a response of the outcome. It decides nothing.
"""

from __future__ import annotations

from errbridge.application.installation import Installation, install
from errbridge.application.protocol import Application, Draft, NativeHandler
from errbridge.handlers.handlers import HTTPErrorClasses
from errbridge.handling.context import Run
from errbridge.handling.drivers import adrive, drive
from errbridge.handling.plans import LEFT, Call, Native, Raised
from errbridge.handling.reporting import expect_record, record_broken_stream
from errbridge.handling.respond import note_uncaught, respond, respond_to_result
from errbridge.handling.results import check_chunk, take_apart
from errbridge.http.headers import check_head
from errbridge.log import log
from errbridge.mapping.facts import HTTPErrorFacts
from errbridge.representations.html import TEMPLATES
from errbridge.representations.response import Response
from errbridge.scopes.patterns import Converter

__all__ = [
    "LEFT",
    "TEMPLATES",
    "Application",
    "Call",
    "Converter",
    "Draft",
    "HTTPErrorClasses",
    "HTTPErrorFacts",
    "Installation",
    "Native",
    "NativeHandler",
    "Raised",
    "Response",
    "Run",
    "adrive",
    "check_chunk",
    "check_head",
    "drive",
    "expect_record",
    "install",
    "log",
    "note_uncaught",
    "record_broken_stream",
    "respond",
    "respond_to_result",
    "take_apart",
]
