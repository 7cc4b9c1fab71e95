"""A queue of bytes that its reader may leave waiting: in memory up to a bound, beyond it in a temporary file."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from tempfile import TemporaryFile
from typing import IO, TypeVar

__all__ = ["Spool"]

_T = TypeVar("_T")

IN_MEMORY = 256 * 1024  # bytes of a queue that are kept in memory

# The loop waits for no disk, and for no pool that applications use.
_disk = ThreadPoolExecutor(4, thread_name_prefix="errbridge-disk")


class Spool:
    """A queue of bytes. Threads have to take turns with it."""

    __slots__ = ("_added", "_file", "_memory", "_taken")

    def __init__(self) -> None:
        self._memory = bytearray()
        self._file: IO[bytes] | None = None
        self._added = self._taken = 0

    def __len__(self) -> int:
        return len(self._memory) + self._added - self._taken

    def add(self, part: bytes) -> None:
        """Add bytes at the end."""
        self._memory += part
        if self._file is None:
            if len(self._memory) <= IN_MEMORY:
                return
            self._file = TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._file.seek(self._added)
        self._added += self._file.write(self._memory)
        self._memory.clear()

    def take(self, most: int) -> bytes:
        """Take bytes from the beginning, all of them if there are no more than that."""
        if self._file is None:
            part = bytes(self._memory[:most])
            del self._memory[:most]
            return part
        self._file.seek(self._taken)
        part = self._file.read(most)
        self._taken += len(part)
        if self._taken == self._added:
            self.close()
        return part

    async def run(self, function: Callable[[], _T], *, adding: int = 0) -> _T:
        """Call a function that adds or takes bytes; in a thread if they are on a disk."""
        if self._file is None and len(self._memory) + adding <= IN_MEMORY:
            return function()
        return await asyncio.get_running_loop().run_in_executor(_disk, function)

    def rewind(self) -> IO[bytes]:
        """Return everything as a file."""
        if self._file is None:
            return io.BytesIO(self._memory)
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Throw everything away."""
        self._memory.clear()
        if self._file is not None:
            self._file.close()
            self._file = None
        self._added = self._taken = 0
