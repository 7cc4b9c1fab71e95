"""What Flask and Quart share: both are built on ``flask.sansio`` and on Werkzeug.

Only the adapters import this package. It imports Werkzeug, but neither of the two frameworks: the adapters bring their
classes along.
"""

import errbridge
from errbridge.errors import locate
from errbridge.pallets.errorhandler import BaseErrorHandler

__all__ = ["BaseErrorHandler", "locate_public"]


def locate_public(module: str, name: str) -> Exception:
    """Make the exception for a name that an adapter does not have, and say where it is."""
    return locate(module, name, errbridge.__all__)
