"""Looking at an application from outside: what is registered, who would answer an error, what is wrong, how it looks.

Nothing here answers an error, and nothing decides. Who owns a URL, which handlers are asked and in which media type the
answer comes is found out by asking the modules that decide it when an error happens; the rooms here say why.

No handler is ever called. The results are values, which `errbridge.inspection.text` turns into what a person reads and
`errbridge.inspection.subject.as_data` into what a program reads.
"""

__all__: list[str] = []
