"""The language of a request: the lookup of RFC 4647, against another implementation of it."""

from __future__ import annotations

import pytest
from babel import negotiate_locale
from hypothesis import given
from hypothesis import strategies as st

from errbridge.http.language import lookup_language

TAGS = ("en", "de", "pt-BR", "fr", "zh-Hans", "zh-Hant", "sr-Latn", "ar", "he")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", None),
        ("de", "de"),
        ("DE-at", "de"),
        ("de-Latn-AT-x-private", "de"),
        ("pt-BR, fr;q=0.9", "pt-BR"),
        ("pt, fr;q=0.9", "fr"),  # the lookup makes a range shorter, never longer
        ("pt_BR", "pt-BR"),
        ("fr;q=0.5, de;q=0.8", "de"),
        ("fr;q=0.5, de;q=0.5", "fr"),
        ("fr;q=0, de;q=0.1", "de"),
        ("fr-CA, fr;q=0, de;q=0.1", "de"),
        ("*", None),
        ("*, de;q=0.1", "de"),
        ("xx, yy;q=0.5", None),
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh", "zh-Hans"),
        ("iw-IL", "he"),
        ("sr-Latn-RS", "sr-Latn"),
        ("sr-a-b, ar", "ar"),
        ("fr, de;q=2", "fr"),
        ("fr;q=0.9, de;q=2", "de"),
        ("de;q=.5, fr;q=0.1", "de"),
        ("de;q=1_0, fr;q=0.1", "fr"),
        ('de;x=",fr", ar;q=0.1', "ar"),
        ("de;level=1, fr;q=0.1", "fr"),
        ("de;q=, fr;q=0.1", "fr"),
        ("<script>, fr", "fr"),
        (" de ; q = 0.3 , fr;Q=0.2", "de"),
        (",".join(["xx"] * 31 + ["de"]), "de"),
        (",".join(["xx"] * 32 + ["de"]), None),
        ("x" * 5000 + ",de", None),
        ("de," + "x" * 5000, "de"),
        ("fr;q=0.1," + " " * 4084 + "de;q=1", "fr"),
    ],
)
def test_the_best_language_of_a_header(header: str, expected: str | None) -> None:
    assert lookup_language(header, TAGS) == expected


RANGES = st.builds(
    lambda language, region: f"{language}-{region}" if region else language,
    st.sampled_from(["en", "de", "fr", "sr", "da", "es"]),
    st.sampled_from(["", "AT", "CH", "Latn", "419"]),
)


@given(
    st.lists(st.tuples(RANGES, st.sampled_from([1.0, 0.9, 0.5, 0.001])), min_size=1, max_size=8),
    st.lists(RANGES, min_size=1, max_size=5, unique_by=str.lower),
)
def test_the_lookup_is_that_of_babel(ranges: list[tuple[str, float]], tags: list[str]) -> None:
    header = ", ".join(f"{name};q={quality}" for name, quality in ranges)
    wanted = [name for name, _ in sorted(ranges, key=lambda each: -each[1])]

    assert lookup_language(header, tags) == negotiate_locale(wanted, tags, sep="-", aliases={})


@given(st.text(alphabet="ade-_*;q=.01, \t\x00é", max_size=60), st.lists(RANGES, max_size=3, unique_by=str.lower))
def test_any_header_leads_to_one_of_the_languages_or_none(header: str, tags: list[str]) -> None:
    assert lookup_language(header, tags) in (None, *tags)
