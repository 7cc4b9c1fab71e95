"""A site in Quart with error pages of its own. Start: ``quart --app examples.quart_site.app run``."""
