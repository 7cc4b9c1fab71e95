"""One application: its settings, the protocol that an adapter implements, and its error map."""
