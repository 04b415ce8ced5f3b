"""The page that documents the reads: plain HTML, which fetches nothing from anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape

from stack.channel import BASE
from stack.reads.endpoint import Endpoint
from stack.reads.openapi import parameters

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.2em .6em;text-align:left}"
    "pre{background:#f4f4f4;padding:1em;overflow:auto}"
)


def page(endpoints: Sequence[Endpoint]) -> str:
    """Return the page of ``endpoints``."""
    sections = "".join(map(_section, endpoints))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Slipway reads</title>'
        f"<style>{_STYLE}</style></head><body><h1>Reads without a run</h1>"
        f'<p>Times are seconds since 1970. <a href="{BASE}/openapi.json">OpenAPI document</a></p>'
        f"{sections}</body></html>"
    )


def _section(endpoint: Endpoint) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(each['name'])}</code></td><td>{escape(each['description'])}</td>"
        f"<td>{'required' if each['required'] else escape(json.dumps(each['schema'].get('default')))}"
        "</td></tr>"
        for each in parameters(endpoint)
    )
    example = escape(json.dumps(endpoint.example.model_dump(mode="json"), indent=2))
    return (
        f"<h2><code>GET {escape(BASE + endpoint.path)}</code></h2><p>{escape(endpoint.summary)}</p>"
        f"<table><tr><th>parameter</th><th>meaning</th><th>default</th></tr>{rows}</table>"
        f"<pre>{example}</pre>"
    )
