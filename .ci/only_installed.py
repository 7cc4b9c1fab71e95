"""A plugin of pytest for the release session: the tests run against what is installed, not against a checkout."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path

PACKAGES = ("errbridge", "errbridge_flask", "errbridge_quart")


def pytest_sessionstart() -> None:
    """Stop unless every package comes from the environment's own folder."""
    site = Path(sysconfig.get_path("purelib")).resolve()
    for package in PACKAGES:
        found = importlib.util.find_spec(package)
        assert found is not None, f"{package} is not installed"
        assert found.origin is not None, f"{package} is only a folder"
        assert Path(found.origin).resolve().is_relative_to(site), (
            f"{package} comes from {found.origin}, not from {site}"
        )
