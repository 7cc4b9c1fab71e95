"""``flask errors``, the entry point; what the commands do is in `errbridge.pallets.commands`."""

from errbridge.pallets.group import errors

__all__ = ["errors"]
