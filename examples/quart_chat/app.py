"""A chat room: it refuses a client before it accepts, and closes with a code when a client misbehaves."""

from __future__ import annotations

import asyncio
from collections import defaultdict

from quart import Blueprint, Quart, websocket

from errbridge import Problem
from errbridge_quart import ErrorHandler

SEATS = 2
LONGEST = 200  # characters

app = Quart(__name__)
chat = Blueprint("chat", __name__, url_prefix="/chat")
errors = ErrorHandler(app)
errors.api_register(chat)

rooms: dict[str, set[asyncio.Queue[str | bytes]]] = defaultdict(set)


class RoomFull(Problem, status=503, title="The room is full"):
    """All seats of the room are taken."""

    seats: int


class TooLong(Problem, status=413, title="Too long"):
    """A line has more characters than it may have."""


@chat.websocket("/<room>")
async def talk(room: str) -> None:
    if len(rooms[room]) >= SEATS:
        raise RoomFull(seats=SEATS, headers={"Retry-After": "30"})  # the response to the handshake
    await websocket.accept()
    seat: asyncio.Queue[str | bytes] = asyncio.Queue()
    rooms[room].add(seat)
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(listen(room))
            both.create_task(speak(seat))
    finally:
        rooms[room].discard(seat)


async def listen(room: str) -> None:
    """Send each line of this client to all clients."""
    while True:
        line = await websocket.receive()
        if len(line) > LONGEST:
            # The task group raises it in an exception group, which errbridge looks into.
            raise TooLong(detail=f"A line has at most {LONGEST} characters.")  # closes with 4413
        for seat in rooms[room]:
            seat.put_nowait(line)


async def speak(seat: asyncio.Queue[str | bytes]) -> None:
    """Send the line to everyone."""
    while True:
        await websocket.send(await seat.get())


app.register_blueprint(chat)
