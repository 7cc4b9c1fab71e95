"""One handler module for a Flask and a Quart app. Start: ``hypercorn examples.shared_handlers.server:app``."""
