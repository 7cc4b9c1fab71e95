"""A queue of bytes that its reader may leave waiting: in memory up to a bound, beyond it in a temporary file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from tempfile import TemporaryFile
from typing import IO, TypeVar

__all__ = ["Spool"]

_T = TypeVar("_T")

IN_MEMORY = 256 * 1024  # bytes of a queue that are kept in memory

# The loop waits for no disk, and for no pool that applications use.
_disk = ThreadPoolExecutor(4, thread_name_prefix="errbridge-disk")


class Spool:
    """A queue of bytes. Threads have to take turns with it."""

    __slots__ = ("_file", "_taken", "size")

    def __init__(self) -> None:
        self._file: IO[bytes] = BytesIO()
        self._taken = 0
        self.size = 0  # of the file, which has everything since the queue was last empty

    def __len__(self) -> int:
        return self.size - self._taken

    def add(self, part: bytes) -> None:
        """Add bytes at the end."""
        if self.size + len(part) > IN_MEMORY and isinstance(self._file, BytesIO):
            begin, self._file = self._file.getvalue(), TemporaryFile()  # noqa: SIM115 - closed by `close`
            self._file.write(begin)
        self._file.seek(self.size)
        self.size += self._file.write(part)

    def take(self, most: int) -> bytes:
        """Take bytes from the beginning, all of them if there are no more than that."""
        self._file.seek(self._taken)
        part = self._file.read(most)
        self._taken += len(part)
        if self._taken == self.size:
            self.close()
        return part

    async def run(self, function: Callable[[], _T], *, adding: int = 0) -> _T:
        """Call a function that adds or takes bytes; in a thread if they are on a disk."""
        if self.size + adding <= IN_MEMORY:
            return function()
        return await asyncio.get_running_loop().run_in_executor(_disk, function)

    def rewind(self) -> IO[bytes]:
        """Return everything as a file."""
        self._file.seek(0)
        return self._file

    def close(self) -> None:
        """Throw everything away."""
        self._file.close()
        self._file, self._taken, self.size = BytesIO(), 0, 0
