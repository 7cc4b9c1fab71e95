"""``ERROR_SITE``: what makes the built-in page that of one site.

An accent colour is adjusted where it is used for text, until its contrast is that of WCAG 2.2, 1.4.3.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from string import punctuation
from urllib.parse import quote, urlsplit

from errbridge.errors import SetupError
from errbridge.http.headers import encode_host

__all__ = ["Site", "build_palette"]

_HOST = r"(\[[\da-fA-F:.]+\]|[^\x00-,/:-@\[-^`{-\x7f\s]+)(:\d+)?(?![^/?#])"  # or punctuation could end a policy
_URL = rf"(/(?!/)|https?://{_HOST})[^\s\\\x00-\x1f]*"  # on the same host, or absolute; browsers take more for a URL
_MAIL = r"[^\s@<>\"'&?:/]+@[^\s@<>\"'&?:/]+"

_KEYS: Mapping[str, tuple[str, str]] = {
    "name": (r".+", "text such as 'Cheese shop'"),
    "logo": (rf"<svg\b.*|{_URL}", "'/static/logo.svg' or '<svg ...>'"),
    "accent": (r"#([0-9a-fA-F]{3}){1,2}", "a colour such as '#b3261e'"),
    "home_url": (_URL, "'/' or 'https://example.com/'"),
    "login_url": (_URL, "'/login'"),
    "contact": (rf"{_MAIL}|{_URL}", "'help@example.com' or '/contact'"),
    "status_url": (_URL, "'https://status.example.com/'"),
}
"""The form of each value, and an example."""


@dataclass(frozen=True, slots=True)
class Site:
    """The site that the built-in page belongs to. All of it is optional."""

    name: str = ""  # at the top of the page and in the title of the window
    logo: str = ""
    accent: str = ""
    home_url: str = ""  # by default the root of the application
    login_url: str = ""  # offered for a 401
    contact: str = ""  # offered for a 403 and a 5xx
    status_url: str = ""  # offered for a 5xx
    style: str = field(init=False, default="")  # CSS that the page needs for the accent
    image_source: str = field(init=False, default="")  # to allow as ``img-src`` for the logo

    def __post_init__(self) -> None:
        if self.accent:
            object.__setattr__(self, "style", build_palette(self.accent))
        if self.logo and not self.has_inline_logo:
            scheme, host = urlsplit(self.logo)[:2]
            object.__setattr__(self, "image_source", f"{scheme}://{host}" if host else "'self'")

    @classmethod
    def read(cls, key: str, value: object) -> Site:
        """Check the value of a configuration key; a SetupError says what is wrong with it."""
        if value is None:
            return cls()
        if not isinstance(value, Mapping):
            raise SetupError(f"{key} is a dict such as {{'name': 'Cheese shop'}} or None, not {value!r}")
        site = cls(**{name: _check(key, name, given) for name, given in value.items()})
        if site.has_inline_logo:
            _check_svg(key, site.logo)
        return site

    @property
    def has_inline_logo(self) -> bool:
        """Whether the logo is markup and not a URL."""
        return self.logo.startswith("<")

    @property
    def contact_url(self) -> str:
        """The contact as a link."""
        return f"mailto:{self.contact}" if re.fullmatch(_MAIL, self.contact) else self.contact


def _check(key: str, name: str, value: object) -> str:
    if name not in _KEYS:
        raise SetupError(f"{key} has no {name!r}; it takes {', '.join(_KEYS)}")
    form, example = _KEYS[name]
    if not isinstance(value, str) or not re.fullmatch(form, value.strip(), re.DOTALL):
        raise SetupError(f"{key}: {name} is {example}, not {value!r}")
    value = value.strip()
    if not form.endswith(_URL) or not re.fullmatch(_URL, value):
        return value
    # As headers have it: the host by IDNA, everything else percent-encoded.
    start, host, rest = re.findall(r"^(https?://|)([^/?#:\[]*)(.*)", value)[0]
    try:
        return f"{start}{encode_host(host)}{quote(rest, safe=punctuation)}"
    except UnicodeError as error:
        raise SetupError(f"{key}: {name} cannot be {value!r}: {error}") from None


_SHAPES = frozenset({
    "circle", "clippath", "defs", "desc", "ellipse", "filter", "g", "line", "lineargradient", "marker", "mask", "path",
    "pattern", "polygon", "polyline", "radialgradient", "rect", "stop", "svg", "switch", "symbol", "text", "textpath",
    "title", "tspan",
})  # fmt: skip


def _check_svg(key: str, logo: str) -> None:
    """Check that a logo is a drawing and nothing else, and needs nothing that the page's policy forbids."""
    from xml.etree.ElementTree import ParseError, fromstring  # slow to import

    try:
        if "<!" in logo or "<?" in logo:
            raise ParseError("it has a comment or a declaration")
        elements = fromstring(logo).iter()
    except ParseError as error:
        raise SetupError(f"{key}: logo is no SVG that a page can contain: {error}") from None
    for element in elements:
        tag = str(element.tag).rpartition("}")[2]
        lowered = tag.lower()  # HTML does not mind the case
        is_effect = lowered.startswith("fe") and lowered != "feimage"
        if lowered not in _SHAPES and not is_effect:
            raise SetupError(
                f"{key}: logo has a {tag!r} element; only shapes, text, gradients and filters can be shown, so export "
                "it as a plain SVG"
            )
        for name, value in element.attrib.items():
            local = name.rpartition("}")[2].lower()
            is_elsewhere = "url(" in value.lower().replace("url(#", "")
            if local.startswith("on") or local in ("style", "href", "src") or is_elsewhere:
                raise SetupError(
                    f"{key}: logo has the attribute {local!r}, which the page's policy forbids; write properties such "
                    'as fill="#b3261e" as attributes'
                )


# Colours.

_RGB = tuple[float, ...]

_LIGHT, _DARK = (248, 249, 251), (15, 19, 25)  # the grounds of the page
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)
_LEAST_CONTRAST = 4.6  # 4.5, and what rounding takes


def build_palette(accent: str) -> str:
    """Build the rules for everything that has the accent colour, for light pages and for dark ones."""
    digits = accent[1:] if len(accent) == 7 else "".join(digit * 2 for digit in accent[1:])
    colour = tuple(bytes.fromhex(digits))
    light, dark = _build_variables(colour, _LIGHT, _BLACK, 0.09), _build_variables(colour, _DARK, _WHITE, 0.2)
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _build_variables(colour: _RGB, ground: _RGB, far: _RGB, amount: float) -> str:
    tint = _mix(ground, colour, amount)
    steps = (_mix(colour, far, step / 20) for step in range(21))
    link = next(step for step in steps if all(_contrast(step, each) >= _LEAST_CONTRAST for each in (tint, ground)))
    on_accent = max(_WHITE, _BLACK, key=lambda each: _contrast(colour, each))
    variables = {"tint": tint, "accent": colour, "on-accent": on_accent, "link": link}
    return ";".join(f"--{name}:#{bytes(map(round, value)).hex()}" for name, value in variables.items())


def _mix(first: _RGB, second: _RGB, amount: float) -> _RGB:
    return tuple(one + (other - one) * amount for one, other in zip(first, second, strict=True))


def _contrast(first: _RGB, second: _RGB) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, brighter = sorted((_find_luminance(first), _find_luminance(second)))
    return (brighter + 0.05) / (darker + 0.05)


def _find_luminance(colour: _RGB) -> float:
    red, green, blue = (
        part / 12.92 if (part := channel / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for channel in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
