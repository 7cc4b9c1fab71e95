"""What is reported of an error: one log record, and the hooks."""
