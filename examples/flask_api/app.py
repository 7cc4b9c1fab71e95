"""Bookings of rooms: bodies checked by pydantic, problem types with pages of their own, a domain without HTTP."""

from __future__ import annotations

from datetime import date
from itertools import count
from typing import Any

import flask
from pydantic import BaseModel, Field

from errbridge import Problem
from errbridge.validation import client_data
from errbridge_flask import ErrorHandler

app = flask.Flask(__name__)
bookings = flask.Blueprint("bookings", __name__, url_prefix="/bookings")
errors = ErrorHandler(app, handler="api")

numbers = count(1)
booked: dict[int, Booking] = {}


class Booking(BaseModel):
    """The body of a request. If it is invalid, the client gets a 422 with a list of what is wrong."""

    room: str = Field(min_length=1, max_length=20)
    day: date
    seats: int = Field(gt=0, le=50)


class RoomTaken(Problem, status=409, title="The room is taken", slug="room-taken"):
    """Another guest has booked the room for this day. Try another room or another day."""

    room: str
    day: date


class UnknownBookingError(LookupError):
    """There is no booking of that number: an exception of the domain."""


@errors.register(app, code=UnknownBookingError)
def unknown_booking(exc: UnknownBookingError) -> Problem:
    return Problem(404, detail=f"There is no booking {exc.args[0]}.")


@bookings.post("")
def book() -> tuple[dict[str, Any], int]:
    with client_data():
        booking = Booking.model_validate(flask.request.get_json())
    if any((other.room, other.day) == (booking.room, booking.day) for other in booked.values()):
        raise RoomTaken(room=booking.room, day=booking.day, detail=f"{booking.room} is taken on {booking.day}.")
    number = next(numbers)
    booked[number] = booking
    return {"number": number}, 201


@bookings.get("/<int:number>")
def show(number: int) -> dict[str, Any]:
    if number not in booked:
        raise UnknownBookingError(number)
    return booked[number].model_dump(mode="json")


app.register_blueprint(bookings)
errors.catalogue(app, types=[RoomTaken])  # pages at /problems/, where the ``type`` of a problem leads
