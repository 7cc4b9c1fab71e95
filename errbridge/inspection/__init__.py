"""Looking at an application from outside: what is registered, how an error would be answered, what is wrong.

Nothing here answers an error, and nothing here decides. Each question is put to the code that answers a real error; the
modules of this package only find the words. No handler is ever called.

The results are frozen dataclasses. `errbridge.inspection.text` makes of them what a person reads.
"""

__all__: list[str] = []
