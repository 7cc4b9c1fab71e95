"""What the built-in page says to visitors, who did not cause the error and cannot read status codes.

Every text here is a message of the catalogues in `errbridge.languages`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["ICONS", "LABELS", "OTHER_CLIENT", "WORDS", "Words", "find_words"]

ICONS: Mapping[str, str] = {
    "alert": '<path d="M12 4.2 21 19.8H3z"/><path d="M12 10v4.2m0 2.6v.1"/>',
    "clock": '<circle cx="12" cy="12" r="8.5"/><path d="M12 7.2V12l3.2 2"/>',
    "form": '<path d="m4.2 19.8 1-4.4L15.8 4.8a2.4 2.4 0 0 1 3.4 3.4L8.6 18.8z"/><path d="m13.8 6.8 3.4 3.4"/>',
    "lock": '<rect x="4.5" y="10.5" width="15" height="10" rx="2.5"/><path d="M8 10V7.8a4 4 0 0 1 8 0V10m-4 4v2.8"/>',
    "search": '<circle cx="10.8" cy="10.8" r="7"/><path d="m16 16 4.8 4.8"/>',
    "swap": '<path d="M4 8.5h15m-4-4 4 4-4 4M20 15.5H5m4-4-4 4 4 4"/>',
}
"""Drawings, 24 units wide."""


LABELS: Mapping[str, str] = {
    "login": "Sign in",
    "home": "Go to the home page",
    "status": "Service status",
    "contact": "Contact us",
}
"""The labels of links to other pages."""


class Words(NamedTuple):
    """The words for a status.

    Attributes:
        heading: What happened; "" for the standard phrase.
        hint: What can be done, for a problem that does not say so itself.
        icon: One of `ICONS`.
        retry: The label of a link to the same page; "" if asking again leads to the same error.
    """

    heading: str
    hint: str
    icon: str
    retry: str = ""


_AGAIN = "Try again"

WORDS: Mapping[int, Words] = {
    400: Words(
        "We could not understand that", "Please go back, check what you entered, and send it once more.", "form"
    ),
    401: Words("Please sign in", "You need to sign in to see this page.", "lock"),
    403: Words(
        "You do not have access",
        "If you should be able to see this page, ask for access or use another account.",
        "lock",
    ),
    404: Words("Page not found", "There may be a typing mistake in the address, or the page has moved.", "search"),
    405: Words("That is not possible here", "This address exists, but it cannot be used in this way.", "alert"),
    406: Words(
        "Not available in this format", "We do not have this page in a format that your browser can show.", "alert"
    ),
    408: Words(
        "That took too long", "Your request did not arrive in time. Please check your connection.", "clock", _AGAIN
    ),
    409: Words(
        "Something has changed",
        "This was changed in the meantime. Please load it again before you go on.",
        "swap",
        "Load again",
    ),
    410: Words(
        "This page no longer exists", "It was removed for good. Bookmarks that lead to it can be deleted.", "search"
    ),
    413: Words("That is too large", "Please go back and send something smaller.", "form"),
    415: Words("This format is not supported", "Please go back and choose another format.", "form"),
    422: Words("Please check what you entered", "Go back, correct it, and send it once more.", "form"),
    429: Words("That was too much at once", "Please wait a moment before you go on.", "clock", _AGAIN),
    500: Words("Something went wrong", "The mistake is on our side. You have done nothing wrong.", "alert", _AGAIN),
    502: Words(
        "We cannot get this page right now", "Another system that we need did not answer as it should.", "alert", _AGAIN
    ),
    503: Words("We will be back soon", "The service is being maintained, or has too much to do.", "clock", _AGAIN),
    504: Words("This is taking too long", "Another system that we need did not answer in time.", "clock", _AGAIN),
}
OTHER_CLIENT = Words("", "Your request could not be completed.", "alert")


def find_words(status: int) -> Words:
    """Find the words for the status of an error."""
    return WORDS.get(status) or (OTHER_CLIENT if status < 500 else WORDS[500])
