"""Column types that convert between stored values and the project's own types."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import JSON, BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

# SQLite numbers rows by itself only where the key is a plain INTEGER.
Identity = BigInteger().with_variant(Integer(), "sqlite")


class Document(TypeDecorator[Any]):
    """A frozen model, or a tuple of models, as JSON; ``model`` is the type that is read back."""

    impl = JSON
    cache_ok = True

    def __init__(self, model: Any) -> None:
        # A missing model is NULL, not the JSON value null.
        super().__init__(none_as_null=True)
        self.model = model

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.model)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Convert a model to a plain value for JSON."""
        del dialect
        return None if value is None else self._adapter.dump_python(value, mode="json")

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Convert the plain value back to the model."""
        del dialect
        return None if value is None else self._adapter.validate_python(value)


class PathText(TypeDecorator[Path]):
    """A path as text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Path | None, dialect: Dialect) -> str | None:
        """Give the database a string."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Path | None:
        """Convert the string back to a path."""
        del dialect
        return None if value is None else Path(value)


class StateText(TypeDecorator[StrEnum]):
    """A member of a string enumeration as text."""

    impl = Text
    cache_ok = True

    def __init__(self, states: type[StrEnum]) -> None:
        super().__init__()
        self.states = states

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        """Give the database a string."""
        del dialect
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """Convert the string back to the member."""
        del dialect
        return None if value is None else self.states(value)
