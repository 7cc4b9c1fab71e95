"""The queue between a client and a thread, compared with bytes that are just there."""

from __future__ import annotations

import asyncio
import random
import threading
from functools import partial

import pytest

from errbridge.asgi.streams import Spool


@pytest.mark.parametrize("seed", range(20))
async def test_what_comes_out_is_what_was_put_in(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("errbridge.asgi.streams.IN_MEMORY", 1000)
    chance, spool, wanted, taken = random.Random(seed), Spool(), b"", b""
    for _ in range(300):
        if chance.random() < 0.5:
            part = chance.randbytes(chance.randrange(400))
            await spool.run(partial(spool.add, part), adding=len(part))
            wanted += part
        else:
            taken += await spool.run(partial(spool.take, chance.randrange(1, 400)))
        assert len(spool) == len(wanted) - len(taken)
    while spool:
        taken += spool.take(400)
    assert taken == wanted
    spool.add(b"again")
    assert spool.rewind().read() == b"again"
    spool.close()
    spool.add(b"late")
    assert (len(spool), spool.has_ended) == (0, True)


async def test_the_loop_does_not_wait_for_the_disk() -> None:
    spool, here = Spool(), threading.current_thread()
    assert await spool.run(threading.current_thread, adding=100) is here
    assert await spool.run(threading.current_thread, adding=1_000_000) is not here
    spool.add(b"x" * 1_000_000)
    assert await asyncio.wait_for(spool.run(threading.current_thread), 5) is not here
    spool.close()
