"""What Flask and Quart share: both are built on ``flask.sansio`` and on Werkzeug.

Only the adapters import this package. It imports Werkzeug, but neither of the two frameworks: the adapters bring their
classes along.
"""

from errbridge.pallets.errorhandler import BaseErrorHandler

__all__ = ["BaseErrorHandler"]
