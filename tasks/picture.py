"""A picture in a Markdown artifact.

Prefect's own image artifacts print the address of the picture below it: of one that carries its
data, tens of thousands of characters across the page.
"""

from __future__ import annotations

import base64


def picture(png: bytes, words: str) -> str:
    """Return Markdown that shows a PNG; ``words`` are read where it cannot be seen."""
    return f"![{words}](data:image/png;base64,{base64.b64encode(png).decode('ascii')})"
