"""How a scope's errors look: as an API's, as a website's, or plainly."""

from collections.abc import Mapping
from typing import NamedTuple

from errbridge.http.accept import HTML, JSON, TEXT, XML, choose_media_type
from errbridge.http.request import RequestFacts

__all__ = ["API", "DEFAULT", "STYLES", "WEB", "Style"]


class Style(NamedTuple):
    """What a scope offers, and what it answers to a client that does not mind.

    Attributes:
        name: As in ``ERROR_HANDLER``.
        default: The media type for clients without a preference.
        offers: The media types that a client can ask for.
        templates: Whether pages come from the application's templates.
        heeds_xhr: Whether ``X-Requested-With: XMLHttpRequest`` asks for a document.
    """

    name: str
    default: str
    offers: tuple[str, ...]
    templates: bool = False
    heeds_xhr: bool = False

    def media_type(self, request: RequestFacts, *, xhr_enabled: bool) -> str:
        """Pick the media type for a request.

        Args:
            request: Its facts.
            xhr_enabled: The setting ``ERROR_XHR_ENABLED``.
        """
        if not request.xhr:
            return choose_media_type(request.accept, self.offers, self.default)
        return choose_media_type(request.accept, *self.offered(request, xhr_enabled=xhr_enabled))

    def offered(self, request: RequestFacts, *, xhr_enabled: bool) -> tuple[tuple[str, ...], str]:
        """Name the media types that a request can ask for, and the one for a client without a preference.

        Args:
            request: Its facts.
            xhr_enabled: The setting ``ERROR_XHR_ENABLED``.
        """
        if request.xhr and xhr_enabled and self.heeds_xhr:
            return _TO_XHR
        return self.offers, self.default

    def vary(self, *, xhr_enabled: bool) -> str:
        """Name the request headers that the choice depends on (RFC 9110 section 12.5.5)."""
        return "Accept, X-Requested-With" if self.heeds_xhr and xhr_enabled else "Accept"


_TO_XHR = ((JSON, XML), JSON)

API = Style("api", JSON, (JSON, XML, TEXT))
WEB = Style("web", HTML, (HTML, JSON, XML, TEXT), templates=True, heeds_xhr=True)
DEFAULT = Style("default", HTML, (HTML, JSON, XML, TEXT))

STYLES: Mapping[str, Style] = {style.name: style for style in (API, WEB, DEFAULT)}
