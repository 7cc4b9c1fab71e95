"""How a scope's errors look: as an API's, as a website's, or plainly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from errbridge.http.accept import HTML, JSON, TEXT, XML, choose_media_type
from errbridge.http.request import RequestFacts

__all__ = ["API", "DEFAULT", "STYLES", "WEB", "Style"]


@dataclass(frozen=True, slots=True, eq=False)
class Style:
    """The media types that a scope offers.

    Attributes:
        name: As in ``ERROR_HANDLER``.
        default: The media type for clients without a preference.
        offers: The media types that a client can ask for.
        has_templates: Whether pages come from the application's templates.
        heeds_xhr: Whether ``X-Requested-With: XMLHttpRequest`` asks for a document.
    """

    name: str
    default: str
    offers: tuple[str, ...]
    has_templates: bool = False
    heeds_xhr: bool = False

    def choose_media_type(self, request: RequestFacts, *, xhr_enabled: bool) -> str:
        """Choose the media type for a request.

        Args:
            request: The facts of the request.
            xhr_enabled: The setting ``ERROR_XHR_ENABLED``.
        """
        offers, default = self.offers_for(request, xhr_enabled=xhr_enabled)
        return choose_media_type(request.accept, offers, default)

    def offers_for(self, request: RequestFacts, *, xhr_enabled: bool) -> tuple[tuple[str, ...], str]:
        """Return the media types that a request can ask for, and the one for a client without a preference.

        Args:
            request: The facts of the request.
            xhr_enabled: The setting ``ERROR_XHR_ENABLED``.
        """
        if request.xhr and xhr_enabled and self.heeds_xhr:
            return (JSON, XML), JSON
        return self.offers, self.default

    def vary(self, *, xhr_enabled: bool) -> str:
        """Return the request headers that the choice depends on (RFC 9110 section 12.5.5)."""
        return "Accept, X-Requested-With" if self.heeds_xhr and xhr_enabled else "Accept"


API = Style("api", JSON, (JSON, XML, TEXT))
WEB = Style("web", HTML, (HTML, JSON, XML, TEXT), has_templates=True, heeds_xhr=True)
DEFAULT = Style("default", HTML, (HTML, JSON, XML, TEXT))

STYLES: Mapping[str, Style] = {style.name: style for style in (API, WEB, DEFAULT)}
