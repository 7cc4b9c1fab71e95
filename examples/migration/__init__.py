"""A service that moves from Flask to Quart in three steps. Start one: ``python -m examples.migration --step 2``."""
