"""One read: its path, its parameters, its answer, and the function that reads; free of HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from blocks.parameter import NameOrAll, Whole
from stack.overview import Answer
from stack.reads.configured import Configured
from tasks.configuration import checked
from tasks.errors import BadInputError
from tasks.ledger.connection import Ledger
from tasks.settings import Settings

MAX_ROWS = 500


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where reads look: the settings, the ledger, and what is configured."""

    config: Settings
    ledger: Ledger
    configured: Configured


class Parameters(BaseModel):
    """The base of the parameters of a read; what it does not know is refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Paging(Parameters):
    """The parameters of a read that lists rows."""

    limit: Annotated[Whole, Field(ge=1, le=MAX_ROWS, description="How many rows at most")] = 50
    offset: Annotated[Whole, Field(ge=0, le=10**9, description="How many rows are skipped")] = 0


class OfProject(Paging):
    """The parameters of a read that lists rows of one project, or of all."""

    project: Annotated[NameOrAll, Field(description="Only of this project; empty: of all")] = ""


class Page(Answer):
    """The base of an answer that lists rows."""

    total: int = Field(description="How many rows there are in all")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A read that can be asked for.

    Attributes:
        noun: What it reads; reads of one noun share their threads.
        path: Its path below `/api/slipway`; `{project}` in it is a parameter.
        summary: What it answers, in one sentence.
        parameters: The model of its parameters.
        example: An answer, for the documentation.
        read: Reads the answer.
    """

    noun: str
    path: str
    summary: str
    parameters: type[BaseModel]
    example: Answer
    read: Callable[[Source, Any], Answer]

    def answer(self, source: Source, given: Iterable[tuple[str, str]]) -> str:
        """Return the answer as JSON.

        Raises:
            BadInputError: A parameter is unknown, not valid, or given twice.
        """
        fields: dict[str, str] = {}
        for name, value in given:
            if name in fields:
                raise BadInputError(name, value, "is given twice", "Give it once.")
            fields[name] = value
        return self.read(source, checked(self.parameters, fields)).model_dump_json()
