"""Renders a report as HTML, Markdown, Excel, JSON, CSV and charts."""
