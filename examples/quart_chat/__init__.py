"""A chat over WebSockets in Quart. Start: ``hypercorn examples.quart_chat.app:app``."""
