"""Who was registered: handler modules, keys, and the registry of targets."""
