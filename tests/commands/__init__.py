"""``flask errors`` and ``quart errors``: what they print is what happens, alike on both frameworks."""
