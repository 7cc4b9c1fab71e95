"""Start the service at one step of its move, on loopback, and print what to try."""

from __future__ import annotations

import argparse
import asyncio
import logging
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config

from examples.demo.__main__ import listen, log_to_terminal
from examples.migration.steps import WHAT, bridge

TRY = (
    "/",
    "/api/orders",
    '-d \'{"article": "cup", "pieces": 2}\' /api/orders',
    '-d \'{"article": "cup"}\' /api/orders',
    "-X DELETE /api/orders/2",
    "-X PATCH /api/orders/2",
    "/api/average/cup",
    "/api/nope",
    "/nope",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.migration", description=__doc__)
    parser.add_argument("--step", type=int, choices=sorted(WHAT), default=1, help="how far it has moved (default: 1)")
    parser.add_argument("--port", type=int, default=8000, help="0 leaves the choice to the system (default: 8000)")
    options = parser.parse_args()

    log_to_terminal()
    listener = listen(options.port)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    print(f"Step {options.step}: {WHAT[options.step]}. The responses are the same at every step. Try:", flush=True)
    for line in TRY:
        arguments, _, path = line.rpartition(" ")
        print("  " + " ".join(part for part in ("curl -i", arguments, base + path) if part), flush=True)
    print("Ctrl-C ends it.", flush=True)
    config = Config()
    config.errorlog = logging.getLogger("hypercorn")
    config.bind = [f"fd://{listener.detach()}"]
    app: Any = bridge(options.step)  # Hypercorn has types of its own for the messages of ASGI
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    main()
