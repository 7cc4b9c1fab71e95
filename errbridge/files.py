"""The files that come with errbridge."""

from __future__ import annotations

import os
from typing import Any

__all__ = ["read_file"]


def read_file(*path: str) -> bytes:
    """Read a file below the package, which may be in an archive (a zipapp)."""
    loader: Any = __spec__ and __spec__.loader  # importlib.resources would take 20 ms to import
    return loader.get_data(os.path.join(os.path.dirname(__file__), *path))  # type: ignore[no-any-return]
