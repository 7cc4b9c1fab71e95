"""Bytes on their way between the event loop and a thread: in memory up to a bound, beyond it in a temporary file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BufferedReader, BytesIO, RawIOBase
from tempfile import TemporaryFile
from typing import IO, TypeVar, cast

__all__ = ["Spool"]

_T = TypeVar("_T")

IN_MEMORY = 256 * 1024  # bytes of a queue that are kept in memory

# The loop waits for no disk, and for no pool that applications use.
_disk = ThreadPoolExecutor(4, thread_name_prefix="errbridge-disk")


class Spool:
    """A queue of bytes. The loop never waits for it; a thread waits for `changed`."""

    __slots__ = ("_file", "_is_closed", "_taken", "changed", "error", "has_ended", "size")

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.has_ended = False
        self.error: BaseException | None = None  # why it has ended early
        self.size = 0  # of the file, which has everything since the queue was last empty
        self._taken = 0
        self._file: IO[bytes] = BytesIO()
        self._is_closed = False

    def __len__(self) -> int:
        return self.size - self._taken

    def add(self, part: bytes) -> None:
        """Add bytes at the end."""
        with self.changed:
            if self._is_closed:
                return
            if self.size + len(part) > IN_MEMORY and isinstance(self._file, BytesIO):
                part = self._file.getvalue()[self._taken :] + part
                # Without a buffer: also when the disk is full, `size` is what is there.
                self._file = TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `close`
                self._taken = self.size = 0
            self._file.seek(self.size)
            while part:
                written = self._file.write(part)
                self.size, part = self.size + written, part[written:]
            self.changed.notify_all()

    def take(self, most: int) -> bytes:
        """Take bytes from the beginning, all of them if there are no more than that."""
        with self.changed:
            self._file.seek(self._taken)
            part = self._file.read(most)
            self._taken += len(part)
            if self._taken == self.size:
                self._clear()
            self.changed.notify_all()
            return part

    async def run(self, function: Callable[[], _T], *, adding: int = 0) -> _T:
        """Call a function that adds or takes bytes; in a thread if they are on a disk."""
        if self.size + adding <= IN_MEMORY:
            return function()
        return await asyncio.get_running_loop().run_in_executor(_disk, function)

    def rewind(self) -> IO[bytes]:
        """Return everything as a file."""
        self._file.seek(0)
        return BufferedReader(cast(RawIOBase, self._file))

    def end(self, error: BaseException | None = None) -> None:
        """Note that nothing more is added, and why if it is not all; the first reason counts."""
        with self.changed:
            if not self.has_ended:
                self.has_ended, self.error = True, error
            self.changed.notify_all()

    def close(self) -> None:
        """Throw everything away, also what is still added."""
        with self.changed:
            self._is_closed, self.error = True, None
            self._clear()

    def _clear(self) -> None:
        self._file.close()
        self._file, self._taken, self.size = BytesIO(), 0, 0
