"""Embeds a picture in a Markdown artifact.

Prefect's own image artifacts print the address of the picture below it, which for an embedded
picture is tens of thousands of characters.
"""

from __future__ import annotations

import base64


def picture(png: bytes, words: str) -> str:
    """Return Markdown that shows a PNG; ``words`` are its alternative text."""
    return f"![{words}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"
