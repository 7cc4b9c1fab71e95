"""Several applications in one ASGI process: Flask, Quart and any other WSGI or ASGI callable behind one server.

The laws of this package:

1. The server sees one plain ASGI application. Nothing here knows which server it is, nor which framework an
   application was written with: what counts is whether it speaks ASGI or WSGI.
2. The event loop never waits for WSGI code, and WSGI code never touches the event loop but through asgiref, a pipe,
   or ``call_soon_threadsafe``.
3. Whatever waits has a bound: bytes between a thread and the client, requests that wait for a thread, the rest of an
   upload that no application reads, applications that shut down.
4. What no application can answer is answered by the core, negotiated as everywhere else.

The way of a request: :class:`~errbridge.asgi.bridge.Bridge` wraps it in an
:class:`~errbridge.asgi.exchange.Exchange`, asks its :mod:`~errbridge.asgi.directory` who has the URL, and hands it
over. A WSGI application runs in one of the bridge's :mod:`~errbridge.asgi.threads`; a complete answer comes back in one
hop, anything else through the pipes of :mod:`~errbridge.asgi.streams`.
"""

try:
    from errbridge.asgi.applications import Asgi, Wsgi
    from errbridge.asgi.bridge import Bridge
except ImportError as error:
    raise ImportError("errbridge.asgi needs asgiref: install errbridge[bridge]") from error

__all__ = ["Asgi", "Bridge", "Wsgi"]
