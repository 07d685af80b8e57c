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
    """After how many seconds in a state a row needs attention, and after how many it is late."""

    warn_seconds: int = Field(ge=1, le=_YEARS_S)
    late_seconds: int = Field(ge=1, le=_YEARS_S)

    @model_validator(mode="after")
    def _ascends(self) -> Self:
        if self.warn_seconds >= self.late_seconds:
            raise ValueError("must be shorter for a warning than for late")
        return self


class ChoiceRules(RequestModel):
    """The rules of a column's choices; both members are replaced as a whole.

    `next`: which choices may follow each, most usual first; null: any may follow any. `waiting`:
    how long a row may have a choice.
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
    """A column with choices. A change sends `version` as `If-Match`."""

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
    """A choice to add, after the others."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"choice": "returned"}]})

    choice: Choice


class Watching(RequestModel):
    """Whether a table is to be watched."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"watched": True}]})

    watched: StrictBool


class Outcome(BaseModel):
    """Whether it was done; if not, the SQL statement for the owner of the tables to run."""

    done: bool
    statement: str | None


class DatabaseTable(Stored):
    """A table of the database, named as in SQL. `reason` tells why it cannot be watched."""

    name: str
    watched: bool
    main: bool
    reason: str | None


class DatabaseTables(BaseModel):
    """The tables of the database that are not the system's own; at most 1,000."""

    tables: list[DatabaseTable]


class Setting(BaseModel):
    """A setting of the deployment, from the environment; `name` is that of the variable."""

    group: str
    name: str
    value: str


class LogExtent(BaseModel):
    """The extent of the log: number of events, and time of the oldest."""

    events: NonNegativeInt
    oldest: AwareDatetime | None


class Deployment(BaseModel):
    """The settings of this API process, without secrets, and the extent of the log."""

    settings: list[Setting]
    log: LogExtent
