"""The goal of a plan: what to minimise, a budget and a deadline; free of Prefect."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from blocks.parameter import Decimal, Money, SomeMoney, SomeSeconds

_HOUR_SECONDS = 3600.0


class Goal(BaseModel):
    """What a plan is judged by, and the limits it has to keep.

    Money is in the currency of the providers' `price_per_hour`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", title="goal")

    objective: Literal["makespan", "cost", "weighted"] = Field(
        default="makespan",
        title="Objective",
        description=(
            "What a plan minimises, within the limits below. `makespan`: the time until "
            "everything has ended; `cost`: the money; `weighted`: the money plus what the time is "
            "worth"
        ),
    )
    hour_is_worth: SomeMoney | None = Field(
        default=None,
        title="An hour is worth",
        description="With `weighted`: the money you would pay for everything to end an hour sooner",
    )
    budget: Money | None = Field(
        default=None,
        title="Budget",
        description="The most that a plan may cost, by the expected durations of its steps",
    )
    deadline_seconds: SomeSeconds | None = Field(
        default=None,
        title="Deadline in seconds",
        description="Time after the start by which everything must have ended",
    )
    probability: Decimal = Field(
        default=0.9,
        ge=0.5,
        le=0.99,
        title="Probability",
        description="The simulated probability with which the deadline must be kept",
    )

    @model_validator(mode="after")
    def _worth_where_weighted(self) -> Self:
        """Refuse a weight that is missing, or that would count for nothing."""
        if self.objective == "weighted" and self.hour_is_worth is None:
            raise ValueError(
                "goal.hour_is_worth: is missing, and objective is 'weighted' (got None). "
                "Give the money that an hour is worth, or choose another objective."
            )
        if self.objective != "weighted" and self.hour_is_worth is not None:
            raise ValueError(
                f"goal.hour_is_worth: counts only where objective is 'weighted' "
                f"(got {self.hour_is_worth:g}). Choose 'weighted', or leave it out."
            )
        return self

    @property
    def limited(self) -> bool:
        """Whether it asks for anything but the shortest plan there is."""
        limits = (self.budget, self.deadline_seconds)
        return self.objective != "makespan" or any(limit is not None for limit in limits)

    def worth(self, makespan_seconds: float, cost: float) -> tuple[float, float]:
        """Return the value by which plans are compared, the least being best, and a tie-breaker."""
        if self.objective == "makespan":
            return makespan_seconds, cost
        if self.objective == "cost":
            return cost, makespan_seconds
        return cost + makespan_seconds / _HOUR_SECONDS * (
            self.hour_is_worth or 0.0
        ), makespan_seconds

    def __str__(self) -> str:
        limits = [
            *([f"at most {self.budget:g} of money"] if self.budget is not None else []),
            *([self._deadline()] if self.deadline_seconds is not None else []),
        ]
        least = {
            "makespan": "the shortest",
            "cost": "the cheapest",
            "weighted": f"the best where an hour is worth {self.hour_is_worth or 0:g}",
        }[self.objective]
        return ", ".join([least, *limits])

    def _deadline(self) -> str:
        return f"done in {self.deadline_seconds:g} s with {self.probability:.0%}"
