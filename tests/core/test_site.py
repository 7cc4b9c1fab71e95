"""``ERROR_SITE``: what it takes, and that its colours can be read."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errbridge import SetupError
from errbridge.application.settings import Settings
from errbridge.representations.html import build_policy
from errbridge.representations.site import Site, build_palette

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="url(#a)"/></svg>'


def read(value: Any) -> Site:
    return Settings.read({"ERROR_SITE": value}).site


def test_nothing_is_a_site_without_anything() -> None:
    assert read(None) == read({}) == Site()


@pytest.mark.parametrize(
    "value",
    [
        {"name": "Cheese & Co", "accent": "#abc"},
        {"accent": " #A1b2C3 "},
        {"logo": SVG},
        {"logo": '<svg><filter id="a"><feGaussianBlur stdDeviation="2"/></filter><path filter="url(#a)"/></svg>'},
        {"logo": "/static/logo.svg?v=2"},
        {"logo": "https://cdn.example.com:8443/logo.png"},
        {"home_url": "/", "login_url": "/login?next=%2F", "status_url": "https://status.example.com"},
        {"contact": "help@example.com"},
        {"contact": "https://example.com/@help"},
        {"contact": "/contact"},
    ],
)
def test_a_site_may_say(value: dict[str, str]) -> None:
    site = read(value)

    assert {name: getattr(site, name) for name in value} == {name: text.strip() for name, text in value.items()}


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("Cheese", "ERROR_SITE is a dict such as {'name': 'Cheese shop'} or None, not 'Cheese'"),
        (Site(name="Cheese"), "ERROR_SITE is a dict such as"),
        ({"color": "#fff"}, "ERROR_SITE has no 'color'; it takes name, logo, accent"),
        ({"name": ""}, "name is text such as 'Cheese shop', not ''"),
        ({"name": None}, "name is text such as 'Cheese shop', not None"),
        ({"accent": "red"}, "accent is a colour such as '#b3261e', not 'red'"),
        ({"accent": "#ff"}, "accent is a colour"),
        ({"accent": "#fff}body{display:none"}, "accent is a colour"),
        ({"home_url": "javascript:alert(1)"}, "home_url is '/' or 'https://example.com/', not 'javascript:alert(1)'"),
        ({"home_url": "//evil.example"}, "home_url is"),
        ({"login_url": "/\\evil.example"}, "login_url is '/login', not"),
        ({"login_url": "login"}, "login_url is"),
        ({"login_url": "/a\nb"}, "login_url is"),
        ({"status_url": "https:///x"}, "status_url is"),
        ({"status_url": "https://help@example.com/"}, "status_url is"),
        ({"status_url": "https://example.com:x/"}, "status_url is"),
        ({"logo": "https://example.com;sandbox/l.png"}, "logo is"),
        ({"logo": "https://[::1/l.png"}, "logo is"),
        ({"logo": "https://a..b/l.png"}, "logo cannot be 'https://a..b/l.png': "),
        ({"logo": "https://straße.example/l.png"}, "write it in ASCII, as browsers send it; strasse"),
        ({"logo": "/\ud800"}, "logo cannot be"),
        ({"contact": "help"}, "contact is 'help@example.com' or '/contact', not 'help'"),
        ({"contact": "a b@example.com"}, "contact is"),
        ({"contact": "a@example.com?bcc=b@example.com"}, "contact is"),
        ({"contact": "mailto:x@example.com"}, "contact is"),
        ({"logo": "logo.svg"}, "logo is '/static/logo.svg' or '<svg ...>', not 'logo.svg'"),
        ({"logo": "data:image/png;base64,AAAA"}, "logo is"),
        ({"logo": "<svg>"}, "logo is no SVG that a page can contain: no element found"),
        ({"logo": "<p/>"}, "logo is '/static/logo.svg' or '<svg ...>', not '<p/>'"),
        ({"logo": "<svg><script/></svg>"}, "logo has a 'script' element"),
        ({"logo": "<svg><SCRIPT/></svg>"}, "logo has a 'SCRIPT' element"),
        ({"logo": '<svg><feImage x="1"/></svg>'}, "logo has a 'feImage' element"),
        ({"logo": "<svg><p/></svg>"}, "logo has a 'p' element"),
        ({"logo": '<svg><path fill="URL(https://evil.example/#a)"/></svg>'}, "logo has the attribute 'fill'"),
        ({"logo": '<svg onload="x()"/>'}, "logo has the attribute 'onload'"),
        ({"logo": '<svg><path style="fill:red"/></svg>'}, "logo has the attribute 'style'"),
        ({"logo": '<svg><path fill="url(https://evil.example/#a)"/></svg>'}, "logo has the attribute 'fill'"),
        ({"logo": "<!-- drawn by hand --><svg/>"}, "logo is '/static/logo.svg' or '<svg ...>', not '<!--"),
        ({"logo": "<svg><!-- by hand --></svg>"}, "logo is no SVG that a page can contain: it has a comment"),
    ],
)
def test_a_site_may_not_say(value: Any, complaint: str) -> None:
    with pytest.raises(SetupError, match=re.escape(complaint)):
        read(value)


def test_the_policy_lets_the_logo_in_and_nothing_else() -> None:
    assert "img-src" not in build_policy(Site(logo=SVG, accent="#fc0"))
    assert "; img-src 'self'; " in build_policy(Site(logo="/logo.svg"))
    assert "; img-src https://cdn.example.com:8443; " in build_policy(
        Site(logo="https://cdn.example.com:8443/logo.png")
    )


@pytest.mark.parametrize(
    ("url", "expected", "source"),
    [
        ("https://日本.jp/l.png", "https://xn--wgv71a.jp/l.png", "https://xn--wgv71a.jp"),
        ("https://München.de:8443/Käse?a=%20", "https://xn--mnchen-3ya.de:8443/K%C3%A4se?a=%20", None),
        ("https://[::1]:8443/ä", "https://[::1]:8443/%C3%A4", None),
        ("https://भारत.भारत", "https://xn--h2brj9c.xn--h2brj9c", None),
        ("https://xn--strae-oqa.example/", "https://xn--strae-oqa.example/", None),
        ("/käse", "/k%C3%A4se", "'self'"),
        ("/a?b=https://日本.jp", "/a?b=https://%E6%97%A5%E6%9C%AC.jp", "'self'"),
    ],
)
def test_urls_are_written_as_headers_have_them(url: str, expected: str, source: str | None) -> None:
    for name in ("logo", "home_url", "login_url", "status_url", "contact"):
        assert getattr(read({name: url}), name) == expected
    site = read({"logo": url})
    assert site.image_source == (source or re.sub(r"(?<=\w|\])/.*", "", expected))
    assert build_policy(site).isascii()


def contrast(first: str, second: str) -> float:
    """Work out the contrast of two colours as WCAG 2.2 defines it."""

    def luminance(colour: str) -> float:
        channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
        linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
        return sum(weight * each for weight, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    lighter, darker = sorted((luminance(first) + 0.05, luminance(second) + 0.05), reverse=True)
    return lighter / darker


@given(st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}"))
def test_whatever_the_accent_everything_can_be_read(accent: str) -> None:
    light, dark = re.findall("--tint:(.*?);--accent:(.*?);--on-accent:(.*?);--link:(#......)", build_palette(accent))

    for (tint, button, on_button, link), ground in ((light, "#f8f9fb"), (dark, "#0f1319")):
        assert button == accent
        assert contrast(on_button, button) >= 4.5
        assert contrast(link, tint) >= 4.5
        assert contrast(link, ground) >= 4.5
