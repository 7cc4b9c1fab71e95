"""The way that an exception took, without the line of each frame, which `traceback.walk_tb` spends its time on."""

from __future__ import annotations

from types import TracebackType

__all__ = ["steps_of"]


def steps_of(exc: object) -> list[TracebackType]:
    """List the frames that an exception went through, each as its traceback has it.

    Args:
        exc: The exception. One of which nobody knows whether it is one has no frames.

    Returns:
        The outermost first.
    """
    steps: list[TracebackType] = []
    step: TracebackType | None = getattr(exc, "__traceback__", None)
    while step is not None:
        steps.append(step)
        step = step.tb_next
    return steps
