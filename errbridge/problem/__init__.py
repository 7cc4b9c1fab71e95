"""What an error is: `Problem`, its fields, and the problem documents of other services."""

from errbridge.problem.problem import Problem

__all__ = ["Problem"]
