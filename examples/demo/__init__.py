"""A Flask app and a Quart app that send the same errors, under one server. Start: ``python -m examples.demo``."""
