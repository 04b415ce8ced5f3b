"""The program above one service or step; light enough to stand beside each.

What it imports costs every one of them: neither json, pathlib, dataclasses nor typing.
"""
