"""How a scope's errors look: as an API's, as a website's, or plainly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from errbridge.http.accept import HTML, JSON, TEXT, XML, choose_media_type

__all__ = ["API", "DEFAULT", "STYLES", "WEB", "WEB_WITHOUT_XHR", "Style"]


@dataclass(frozen=True, slots=True, eq=False)
class Style:
    """The media types that a scope offers."""

    name: str  # as in ``ERROR_HANDLER``
    default: str  # for clients without a preference
    offers: tuple[str, ...]
    has_templates: bool = False  # whether pages come from the application's templates
    heeds_xhr: bool = False  # whether ``X-Requested-With: XMLHttpRequest`` asks for a document

    def choose_media_type(self, accept: str, *, xhr: bool = False) -> str:
        """Choose the media type for a client."""
        return choose_media_type(accept, *self.offers_for(xhr=xhr))

    def offers_for(self, *, xhr: bool) -> tuple[tuple[str, ...], str]:
        """Return the media types that a client can ask for, and the one for a client without a preference."""
        return ((JSON, XML), JSON) if xhr and self.heeds_xhr else (self.offers, self.default)

    @property
    def vary(self) -> str:
        """The request headers that the choice depends on (RFC 9110 section 12.5.5)."""
        return "Accept, X-Requested-With" if self.heeds_xhr else "Accept"


API = Style("api", JSON, (JSON, XML, TEXT))
WEB = Style("web", HTML, (HTML, JSON, XML, TEXT), has_templates=True, heeds_xhr=True)
WEB_WITHOUT_XHR = replace(WEB, heeds_xhr=False)  # ERROR_XHR_ENABLED = False
DEFAULT = Style("default", HTML, (HTML, JSON, XML, TEXT))

STYLES: Mapping[str, Style] = {style.name: style for style in (API, WEB, DEFAULT)}
