"""Errors of libraries that validate data: whose fault they are, and what was wrong.

A plain validation error is a bug of the service: the same exception appears for a request, for the answer of another
service and for a row of your own database. It becomes the client's 422 only where you say that the data came from the
client: inside `client_data`, on a target that includes `handlers`, or everywhere by ``ERROR_VALIDATION``.

Each item of the problem's member ``errors`` describes one fault: ``detail`` for people, ``code`` for programs, and its
place as ``pointer`` into the body (RFC 6901), ``parameter`` or ``header``. No item contains a value that a client sent:
``detail`` is one of errbridge's own sentences, chosen by the rule that was broken. The words of your own validators
may contain anything, so they appear only on request.

No library is imported here. The name of an exception's class selects the module that reads it.
"""

from errbridge.validation.problems import client_data, handlers, problem_of
from errbridge.validation.request_errors import Additions, read_http_error

__all__ = ["Additions", "client_data", "handlers", "problem_of", "read_http_error"]
