"""Blocks for Flask that a page shows for Quart too, in a second tab.

They follow the comment ``<!-- tabs -->``, the last of several comments. The version for Quart is made from the one for
Flask, or it follows as a second block after ``<!-- quart -->``. The tests run each page with both.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["MARKED", "choose_quart", "setup", "show_tabs", "translate"]

MARKED = re.compile(
    r"^<!-- tabs -->\n```(\w+)\n(.*?)^```$(?:\n+<!-- quart -->\n```\w+\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)
VIEW = r"(@\w+\.(?:route|get|post|put|patch|delete|errorhandler|before_request|after_request)\(?.*\n(?: *@.*\n)* *)def "
ASKING = r"(?<!\w)(?:\w+\.test_client\(\)|client)\.(?:get|post|put|patch|delete)\([^()]*\)"
AWAITED = (
    (rf"({ASKING})(?=\.)", r"(await \1)"),
    (rf"(?<!await )({ASKING})", r"await \1"),
    (r"\b(render_template(?:_string)?\(|request\.get_json\()", r"await \1"),
    (r"\b(response\.get_json\([^()]*\))", r"(await \1)"),
    (r"\bresponse\.text\b", "(await response.get_data(as_text=True))"),
)


def translate(source: str) -> str:
    """Translate a program for Flask to one for Quart: other names, and coroutine functions for views and tests."""
    source = re.sub(VIEW, r"\1async def ", source)
    source = re.sub(r"^def (?=test_)", "async def ", source, flags=re.MULTILINE)
    for name, awaited in AWAITED:
        source = re.sub(name, awaited, source)
    source = source.replace("-m pytest", "-m pytest --asyncio-mode=auto")
    return source.replace("flask", "quart").replace("Flask", "Quart")


def read_pair(found: re.Match[str]) -> tuple[str, str]:
    """Return a marked block for Flask and for Quart, each with its fences."""
    language, flask, quart = found.groups()
    return f"```{language}\n{flask}```", f"```{language}\n{translate(flask) if quart is None else quart}```"


def show_tabs(text: str) -> str:
    """Put each marked block of a page into a tab, with a second one for Quart."""
    return MARKED.sub(
        lambda found: "\n".join(
            f"````{{tab}} {name}\n{block}\n````"
            for name, block in zip(("Flask", "Quart"), read_pair(found), strict=True)
        ),
        text,
    )


def choose_quart(text: str) -> str:
    """Replace each marked block of a page by the one for Quart."""
    return MARKED.sub(lambda found: read_pair(found)[1], text)


def setup(app: Any) -> None:
    """Show the tabs."""

    def replace(app: Any, docname: str, source: list[str]) -> None:
        source[0] = show_tabs(source[0])

    app.connect("source-read", replace)
