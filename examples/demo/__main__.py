"""Start the demo on loopback and print what to try."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
from contextlib import suppress

from hypercorn.asyncio import serve
from hypercorn.config import Config

from examples.demo import tour
from examples.demo.server import app


def listen(port: int) -> socket.socket:
    """Return a socket that listens on loopback, so that the port is known before the server starts."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as exc:
        raise SystemExit(f"cannot listen on port {port}: {exc.strerror}; choose another with --port") from exc


def log_to_terminal() -> None:
    """Log with the incident id, where there is one."""
    handler = logging.StreamHandler()
    handler.setFormatter(
        logging.Formatter("%(levelname)s %(name)s [%(incident_id)s] %(message)s", defaults={"incident_id": "-"})
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8000, help="0 leaves the choice to the system (default: 8000)")
    options = parser.parse_args()

    log_to_terminal()
    listener = listen(options.port)
    config = Config()
    config.errorlog = logging.getLogger("hypercorn")
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config.bind = [f"fd://{listener.detach()}"]
    with suppress(KeyboardInterrupt):  # before Hypercorn waits for it
        for line in tour.lines(base):
            print(line, flush=True)
        asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
