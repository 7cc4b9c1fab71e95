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
    """The words for a status."""

    heading: str  # what happened; "" for the standard phrase
    hint: str  # what can be done, for a problem that does not say so itself
    icon: str  # one of `ICONS`
    retry: str = ""  # the label of a link to the same page; "" if asking again leads to the same error


_TABLE = """\
400|form|We could not understand that|Please go back, check what you entered, and send it once more.
401|lock|Please sign in|You need to sign in to see this page.
403|lock|You do not have access|If you should be able to see this page, ask for access or use another account.
404|search|Page not found|There may be a typing mistake in the address, or the page has moved.
405|alert|That is not possible here|This address exists, but it cannot be used in this way.
406|alert|Not available in this format|We do not have this page in a format that your browser can show.
408|clock|That took too long|Your request did not arrive in time. Please check your connection.|Try again
409|swap|Something has changed|This was changed in the meantime. Please load it again before you go on.|Load again
410|search|This page no longer exists|It was removed for good. Bookmarks that lead to it can be deleted.
413|form|That is too large|Please go back and send something smaller.
415|form|This format is not supported|Please go back and choose another format.
422|form|Please check what you entered|Go back, correct it, and send it once more.
429|clock|That was too much at once|Please wait a moment before you go on.|Try again
500|alert|Something went wrong|The mistake is on our side. You have done nothing wrong.|Try again
502|alert|We cannot get this page right now|Another system that we need did not answer as it should.|Try again
503|clock|We will be back soon|The service is being maintained, or has too much to do.|Try again
504|clock|This is taking too long|Another system that we need did not answer in time.|Try again
"""

WORDS: Mapping[int, Words] = {
    int(status): Words(heading, hint, icon, *retry)
    for status, icon, heading, hint, *retry in (row.split("|") for row in _TABLE.splitlines())
}
OTHER_CLIENT = Words("", "Your request could not be completed.", "alert")


def find_words(status: int) -> Words:
    """Find the words for the status of an error."""
    return WORDS.get(status) or (OTHER_CLIENT if status < 500 else WORDS[500])
