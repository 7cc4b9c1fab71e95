"""A Flask app and a Quart app that answer errors alike, under one server. Start: ``python -m examples.demo``."""
