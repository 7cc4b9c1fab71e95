"""The Content-Security-Policy of the built-in page, worked out from a page that was sent."""

from __future__ import annotations

import base64
import hashlib
import re

from tests.applications import an_app
from tests.twins import ask_both

__all__ = ["POLICY", "STYLE_HASH"]


def _hash_of_style(page: str) -> str:
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    return "sha256-" + base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")


STYLE_HASH = _hash_of_style(ask_both(an_app(), "/nope", headers=[("Accept", "text/html")]).text)
"""The hash of the page's style, as a policy names it."""

POLICY = f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'"
"""The policy that the page needs."""
