"""Draw the pictures of docs/architecture.md: ``python docs/images/draw.py``.

The rooms are read from the layers in pyproject.toml, so the picture shows what the lint session enforces. Each picture
brings its own ground and follows the reader's colour scheme.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from html import escape
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

STYLE = """
.ground{fill:#f6f7f9}.box{fill:#fff;stroke:#8a94a6}.core{fill:#e8effa;stroke:#5b7db1}.edge{fill:#eef6ee;stroke:#5f9a6b}
.side{fill:#fdf3e3;stroke:#b5873a}.name{fill:#1c2330;font-weight:600}.note{fill:#566074}.line{stroke:#566074;fill:none}
.tip{fill:#566074}
@media(prefers-color-scheme:dark){.ground{fill:#12161d}.box{fill:#1a202a;stroke:#566074}
.core{fill:#1b2a41;stroke:#5b7db1}.edge{fill:#1c2e22;stroke:#5f9a6b}.side{fill:#33270f;stroke:#b5873a}
.name{fill:#e9edf4}.note{fill:#a3aec0}.line{stroke:#a3aec0}.tip{fill:#a3aec0}}
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;font-size:14px;text-anchor:middle}
.note{font-size:12px}
"""

WAY = (
    ("exception", "the framework", "box"),
    ("facts", "pallets", "edge"),
    ("problem", "mapping", "core"),
    ("chain", "application, scopes", "core"),
    ("style, media type", "representations, http", "core"),
    ("incident", "incident", "core"),
    ("handlers", "handlers, yours", "side"),
    ("outcome", "handling", "core"),
    ("representation", "representations", "core"),
    ("response", "the adapter", "edge"),
)
"""The steps of one error, the package of each, and whose it is."""


def box(x: float, y: float, width: float, height: float, kind: str, name: str, note: str = "") -> list[str]:
    """Draw a room, with its name and a note."""
    middle = x + width / 2
    baseline = y + height / 2 + (-3 if note else 5)
    drawn = [
        f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>',
        f'<text class="name" x="{middle:g}" y="{baseline:g}">{escape(name)}</text>',
    ]
    if note:
        drawn.append(f'<text class="note" x="{middle:g}" y="{baseline + 18:g}">{escape(note)}</text>')
    return drawn


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """Draw an arrow."""
    return f'<path class="line" d="M{x1:g} {y1:g}L{x2:g} {y2:g}" marker-end="url(#tip)"/>'


def picture(width: int, height: int, title: str, description: str, drawn: Iterable[str]) -> str:
    """Put a picture together, with words for those who cannot see it."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"',
            'role="img" aria-labelledby="title description">',
            f'<title id="title">{escape(title)}</title>',
            f'<desc id="description">{escape(description)}</desc>',
            f"<style>{STYLE}</style>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"',
            'orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
            f'<rect class="ground" width="{width}" height="{height}" rx="10"/>',
            *drawn,
            "</svg>",
            "",
        )
    )


def layers() -> list[list[str]]:
    """Read the layers of the core, the highest first, with the modules of each."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        contracts = tomllib.load(file)["tool"]["importlinter"]["contracts"]
    (contract,) = (contract for contract in contracts if contract.get("exhaustive"))
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def rooms() -> str:
    """Draw who is above whom."""
    wide, gap, high = 920, 12, 28
    drawn: list[str] = []
    top, *core = layers()
    half = (wide - gap) / 2
    drawn += box(20, 20, half, 40, "box", "Flask")
    drawn += box(20 + half + gap, 20, half, 40, "box", "Quart")
    drawn += box(20, 84, half, 40, "edge", "errbridge_flask")
    drawn += box(20 + half + gap, 84, half, 40, "edge", "errbridge_quart")
    drawn += [arrow(20 + half / 2, 84, 20 + half / 2, 62), arrow(20 + half * 1.5 + gap, 84, 20 + half * 1.5 + gap, 62)]
    y = 148
    width = (wide - gap * (len(top) - 1)) / len(top)
    for index, name in enumerate(top):
        drawn += box(20 + index * (width + gap), y, width, 40, "side", f"errbridge.{name}")
    at = 20 + top.index("pallets") * (width + gap) + width / 2
    drawn += [arrow(20 + half / 2, 124, at, 146), arrow(20 + half * 1.5 + gap, 124, at, 146)]
    y += 40
    first = y + 24
    drawn.append(arrow(20 + wide / 2, y, 20 + wide / 2, first - 2))
    for row in core:
        y = first + core.index(row) * (high + 6)
        width = (wide - gap * (len(row) - 1)) / len(row)
        for index, name in enumerate(row):
            drawn += box(20 + index * (width + gap), y, width, high, "core", name)
    bottom = y + high
    said = "; ".join(", ".join(row) for row in core)
    return picture(
        wide + 40,
        int(bottom) + 20,
        "The rooms of errbridge",
        "Flask and Quart at the top, each with its adapter below. Both adapters use errbridge.pallets. Below it are "
        f"the modules of the core, in layers; each imports from lower layers only. From the top: {said}.",
        drawn,
    )


def way() -> str:
    """Draw the way of one error, five steps to the right, five below."""
    wide, high, gap = 160, 56, 28
    drawn: list[str] = []
    for index, (name, note, kind) in enumerate(WAY):
        row, column = divmod(index, 5)
        x, y = 20 + column * (wide + gap), 20 + row * (high + 44)
        drawn += box(x, y, wide, high, kind, name, note)
        if column < 4:
            drawn.append(arrow(x + wide, y + high / 2, x + wide + gap - 2, y + high / 2))
    end, start = 20 + 4 * (wide + gap) + wide / 2, 20 + wide / 2
    middle, below = 20 + high + 22, 20 + high + 42
    drawn.append(
        f'<path class="line" d="M{end:g} {20 + high:g}V{middle:g}H{start:g}V{below:g}" marker-end="url(#tip)"/>'
    )
    steps = ", ".join(name for name, _, _ in WAY)
    return picture(
        40 + 5 * wide + 4 * gap, 2 * high + 84, "The way of one error", f"From left to right: {steps}.", drawn
    )


PICTURES = {"rooms.svg": rooms, "way.svg": way}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        (HERE / name).write_text(draw(), encoding="utf-8")
