"""The shim, which is the program that supervises one service or step.

It must be light, as each service and step has one: it imports neither json, pathlib, dataclasses
nor typing.
"""
