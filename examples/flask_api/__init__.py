"""A JSON API in Flask: validation errors, a named problem type and its page.

Start: ``flask --app examples.flask_api.app run``.
"""
