"""``ERROR_SITE``: what makes the built-in page that of one site.

An accent colour is adjusted where it is used for text, until its contrast is that of WCAG 2.2, 1.4.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import urlsplit

from errbridge.errors import SetupError

__all__ = ["Site", "build_palette"]

_EXAMPLES: Mapping[str, str] = {
    "name": "'Cheese shop'",
    "logo": "'/static/logo.svg' or '<svg ...>'",
    "accent": "'#b3261e'",
    "home_url": "'/' or 'https://example.com/'",
    "login_url": "'/login'",
    "contact": "'help@example.com' or '/contact'",
    "status_url": "'https://status.example.com/'",
}


@dataclass(frozen=True, slots=True)
class Site:
    """The site that the built-in page belongs to. All of it is optional.

    Attributes:
        name: Its name, at the top of the page and in the title of the window.
        logo: An inline SVG, or the URL of a picture.
        accent: A colour, as ``#rgb`` or ``#rrggbb``.
        home_url: Where the way out leads; by default to the root of the application.
        login_url: Where to sign in; offered for a 401.
        contact: An e-mail address, or the URL of a page; offered for a 403 and a 5xx.
        status_url: The URL of a page about the state of the service; offered for a 5xx.
        style: CSS that the page needs for *accent*.
        image_source: The source to allow as ``img-src`` for *logo*.
    """

    name: str = ""
    logo: str = ""
    accent: str = ""
    home_url: str = ""
    login_url: str = ""
    contact: str = ""
    status_url: str = ""
    style: str = field(init=False, default="")
    image_source: str = field(init=False, default="")

    def __post_init__(self) -> None:
        if self.accent:
            object.__setattr__(self, "style", build_palette(self.accent))
        if self.logo and not self.has_inline_logo:
            scheme, host = urlsplit(self.logo)[:2]
            object.__setattr__(self, "image_source", f"{scheme}://{host}" if host else "'self'")

    @classmethod
    def read(cls, key: str, value: object) -> Site:
        """Check the value of a configuration key.

        Raises:
            SetupError: It is no mapping, or has an unknown key or a wrong value.
        """
        if isinstance(value, Site):
            return value
        if value is None:
            return cls()
        if not isinstance(value, Mapping):
            raise SetupError(f"{key} is a dict such as {{'name': 'Cheese shop'}} or None, not {value!r}")
        for name, given in value.items():
            if name not in _EXAMPLES:
                raise SetupError(f"{key} has no {name!r}; it takes {', '.join(_EXAMPLES)}")
            if not isinstance(given, str) or not given.strip():
                raise SetupError(f"{key}: {name} is text such as {_EXAMPLES[name]}, not {given!r}")
        site = cls(**{name: given.strip() for name, given in value.items()}) if _is_colour(value) else None
        if site is None:
            raise SetupError(f"{key}: accent is a colour such as '#b3261e', not {value['accent']!r}")
        for name in ("home_url", "login_url", "status_url"):
            _check_url(key, name, getattr(site, name))
        if not site.has_mail_contact:
            _check_url(key, "contact", site.contact)
        elif not re.fullmatch(r"[^\s@<>\"'&?:]+@[^\s@<>\"'&?:]+", site.contact):
            raise SetupError(f"{key}: contact is {_EXAMPLES['contact']}, not {site.contact!r}")
        if site.has_inline_logo:
            _check_svg(key, site.logo)
        else:
            _check_url(key, "logo", site.logo)
        return site

    @property
    def has_inline_logo(self) -> bool:
        """Whether the logo is markup and not a URL."""
        return self.logo.startswith("<")

    @property
    def has_mail_contact(self) -> bool:
        """Whether the contact is an e-mail address and not a URL."""
        return "@" in self.contact and "/" not in self.contact

    @property
    def contact_url(self) -> str:
        """The contact as a link."""
        return f"mailto:{self.contact}" if self.has_mail_contact else self.contact

    def build_header(self, home_url: str) -> str:
        """Build the logo and the name, as a link to the start page; "" if the site has neither."""
        if not self.name and not self.logo:
            return ""
        logo = self.logo
        if logo and not self.has_inline_logo:
            logo = f'<img src="{escape(logo)}" alt="">'
        elif logo:
            logo = f'<span aria-hidden="true">{logo}</span>'
        name = f"<span>{escape(self.name)}</span>" if self.name else ""
        return f'<header class="site"><a href="{escape(home_url)}">{logo}{name}</a></header>'


def _check_url(key: str, name: str, url: str) -> None:
    """Check a link: an address on the same host, or one with http or https. Browsers read more than that as an URL."""
    if url and not re.fullmatch(r"(/(?!/)|https?://[^/\\])[^\s\\\x00-\x1f]*", url):
        raise SetupError(f"{key}: {name} is {_EXAMPLES[name]}, not {url!r}")


_FORBIDDEN = frozenset({"script", "style", "foreignObject", "a", "image", "use", "iframe", "set", "animate"})


def _check_svg(key: str, logo: str) -> None:
    """Check that a logo is a drawing and nothing else, and needs nothing that the page's policy forbids."""
    from xml.etree.ElementTree import ParseError, fromstring  # slow to import

    try:
        if "<!" in logo or "<?" in logo:
            raise SetupError(f"{key}: logo begins with '<svg' and has no comment and no declaration")
        root = fromstring(logo)
    except ParseError as error:
        raise SetupError(f"{key}: logo is no well-formed SVG: {error}") from None
    for number, element in enumerate(root.iter()):
        tag = str(element.tag).rpartition("}")[2]
        if number == 0 and tag != "svg":
            raise SetupError(f"{key}: logo is an 'svg' element or a URL, not a {tag!r} element")
        if tag in _FORBIDDEN:
            raise SetupError(f"{key}: logo has a {tag!r} element; only shapes and gradients can be shown")
        for name, value in element.attrib.items():
            local = name.rpartition("}")[2].lower()
            if local.startswith("on") or local in ("style", "href", "src") or "url(" in value.replace("url(#", ""):
                raise SetupError(
                    f"{key}: logo has the attribute {local!r}, which the page's policy forbids; write properties such "
                    'as fill="#b3261e" as attributes'
                )


# Colours.

_LIGHT, _DARK = "#f8f9fb", "#0f1319"  # the grounds of the page
_WHITE, _BLACK = "#ffffff", "#000000"
_LEAST_CONTRAST = 4.6  # 4.5, and what rounding takes

_RGB = tuple[float, float, float]


def _is_colour(value: Mapping[Any, Any]) -> bool:
    return re.fullmatch(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})", value.get("accent", "#000").strip()) is not None


def build_palette(accent: str) -> str:
    """Build the rules for everything that has the accent colour, for light pages and for dark ones."""
    light, dark = _build_variables(accent, _LIGHT, _BLACK, 0.09), _build_variables(accent, _DARK, _WHITE, 0.2)
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _build_variables(accent: str, ground: str, far: str, amount: float) -> str:
    colour = _parse(accent)
    tint = _mix(_parse(ground), colour, amount)
    steps = (_mix(colour, _parse(far), step / 20) for step in range(21))
    link = next(
        step for step in steps if min(_contrast(step, tint), _contrast(step, _parse(ground))) >= _LEAST_CONTRAST
    )
    on_accent = max(_WHITE, _BLACK, key=lambda each: _contrast(colour, _parse(each)))
    return f"--tint:{_format(tint)};--accent:{_format(colour)};--on-accent:{on_accent};--link:{_format(link)}"


def _parse(colour: str) -> _RGB:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def _format(colour: _RGB) -> str:
    return "#" + "".join(f"{round(channel):02x}" for channel in colour)


def _mix(first: _RGB, second: _RGB, amount: float) -> _RGB:
    red, green, blue = (one + (other - one) * amount for one, other in zip(first, second, strict=True))
    return red, green, blue


def _contrast(first: _RGB, second: _RGB) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    brighter, darker = sorted((_find_luminance(first), _find_luminance(second)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _find_luminance(colour: _RGB) -> float:
    red, green, blue = (
        part / 12.92 if (part := channel / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for channel in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
