"""A plugin of pytest for the release session: the tests run against what is installed, not against a checkout."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path

MODULES = ("errbridge", "errbridge_flask", "errbridge_pytest", "errbridge_quart")


def pytest_sessionstart() -> None:
    """Stop unless all that is ours comes from the environment's own folder."""
    site = Path(sysconfig.get_path("purelib")).resolve()
    for name in MODULES:
        found = importlib.util.find_spec(name)
        assert found is not None, f"{name} is not installed"
        assert found.origin is not None, f"{name} is only a folder"
        assert Path(found.origin).resolve().is_relative_to(site), f"{name} comes from {found.origin}, not from {site}"
