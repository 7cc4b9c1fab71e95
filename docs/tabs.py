"""Blocks for Flask that a page shows for Quart too, in a second tab.

They follow the comment ``<!-- tabs -->``, the last of several comments. The version for Quart is made from the one for
Flask, and the tests run each page with both.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["choose_quart", "setup", "show_tabs", "translate"]

MARKED = re.compile(r"^<!-- tabs -->\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VIEW = r"(@\w+\.(?:route|get|post|put|patch|delete|errorhandler|before_request|after_request)\(?.*\n(?:@.*\n)*)def "


def translate(source: str) -> str:
    """Translate a program for Flask to one for Quart: other names, and views that are coroutine functions."""
    source = re.sub(VIEW, r"\1async def ", source)
    source = re.sub(r"\b(render_template(?:_string)?\(|request\.get_json\()", r"await \1", source)
    return source.replace("flask", "quart").replace("Flask", "Quart")


def show_tabs(text: str) -> str:
    """Put each marked block of a page into a tab, with a second one for Quart."""
    return MARKED.sub(
        lambda found: "\n".join(
            f"````{{tab}} {name}\n```python\n{source}```\n````"
            for name, source in (("Flask", found[1]), ("Quart", translate(found[1])))
        ),
        text,
    )


def choose_quart(text: str) -> str:
    """Replace each marked block of a page by the one for Quart."""
    return MARKED.sub(lambda found: f"```python\n{translate(found[1])}```", text)


def setup(app: Any) -> None:
    """Show the tabs."""

    def replace(app: Any, docname: str, source: list[str]) -> None:
        source[0] = show_tabs(source[0])

    app.connect("source-read", replace)
