"""The order of things: one error, from the exception to the outcome."""
