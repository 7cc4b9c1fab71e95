"""``flask errors``, the entry point; what the commands do is in `errbridge.pallets.commands`."""

from __future__ import annotations

from flask.cli import ScriptInfo

from errbridge.pallets.commands import errors_group

__all__ = ["errors"]

errors = errors_group(lambda context: context.ensure_object(ScriptInfo).load_app())
