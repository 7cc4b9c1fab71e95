"""From an exception to the problem that it means."""
