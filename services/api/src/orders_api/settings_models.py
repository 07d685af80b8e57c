"""Types of requests and responses about choices, watched tables and the deployment."""

from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeInt,
    StrictBool,
    model_validator,
)

from orders_api.models import RequestModel, Stored, shown_name

Choice = Annotated[str, Field(min_length=1, max_length=63), AfterValidator(shown_name)]
_YEARS_S = 10 * 365 * 86_400


class Bounds(RequestModel):
    """How many seconds a row may have a choice until it needs attention, and until it is late."""

    warn_seconds: int = Field(ge=1, le=_YEARS_S)
    late_seconds: int = Field(ge=1, le=_YEARS_S)

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.warn_seconds >= self.late_seconds:
            raise ValueError("must be shorter for a warning than for late")
        return self


class ChoiceRules(RequestModel):
    """The rules of a column's choices. A request replaces both members as a whole.

    `next` lists the choices that may follow each choice, the most usual first; null means that any
    may follow any. `waiting` says how long a row may have a choice.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "next": {"pending": ["processing", "cancelled"]},
                    "waiting": {"pending": {"warn_seconds": 3600, "late_seconds": 86400}},
                }
            ]
        }
    )

    next: dict[str, list[str]] | None
    waiting: dict[str, Bounds]


class ChoiceColumn(BaseModel):
    """A column with choices, and their rules. Send `version` as `If-Match` to change the rules."""

    table: str
    column: str
    choices: list[str]
    next: dict[str, list[str]] | None
    waiting: dict[str, Bounds]
    version: str


class ChoiceColumns(BaseModel):
    """The columns with choices of all watched tables."""

    columns: list[ChoiceColumn]


class NewChoice(RequestModel):
    """A choice to add after the others."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"choice": "returned"}]})

    choice: Choice


class Watching(RequestModel):
    """Whether to watch the table."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"watched": True}]})

    watched: StrictBool


class Outcome(BaseModel):
    """Whether the change was made; if not, the SQL statement that the tables' owner can run."""

    done: bool
    statement: str | None


class DatabaseTable(Stored):
    """A table of the database, with its name in SQL.

    `main` marks the table of orders. `reason` says why the table cannot be watched; null if it can.
    """

    name: str
    watched: bool
    main: bool
    reason: str | None


class DatabaseTables(BaseModel):
    """The tables of the database except the system's own; at most 1,000."""

    tables: list[DatabaseTable]


class Setting(BaseModel):
    """A setting of the deployment. `name` is the environment variable that sets it."""

    group: str
    name: str
    value: str


class LogExtent(BaseModel):
    """The number of events in the log, and the time of the oldest event."""

    events: NonNegativeInt
    oldest: AwareDatetime | None


class Deployment(BaseModel):
    """The settings of this API process, without secrets, and the extent of the log."""

    settings: list[Setting]
    log: LogExtent
