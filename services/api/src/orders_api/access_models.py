"""Types of requests and responses about people, sessions and tokens."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    Field,
    PositiveInt,
    model_validator,
)

from orders_access.tokens import MAX_TOKEN_LENGTH
from orders_api.columns import storable
from orders_api.models import RequestModel
from orders_contract.messages import Role

Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
InPath = Annotated[str, AfterValidator(storable)]
"""A name or id in a path; refused if PostgreSQL cannot store the text."""
Password = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(storable)]


class Me(BaseModel):
    """The principal of the request. In open mode it has no subject and all rights.

    `rows` are the values that each restricting column must have, null without a restriction;
    `customers` is short for a restriction by the customer column alone. `expires` is null where
    nothing expires. `session` is the id of the browser's session, null for a token; `company` is
    whether it began with the company login.
    """

    mode: Literal["open", "token"]
    subject: str
    role: Role
    rows: dict[str, list[Any]] | None
    customers: list[Any] | None
    expires: AwareDatetime | None
    session: str | None
    company: bool


class SignInWays(BaseModel):
    """How people may sign in, beside name and password. `company`: the company login's name."""

    company: str | None


class SignedOut(BaseModel):
    """A session has ended. `continue_at`: where the browser goes to sign out there, too."""

    continue_at: str | None


class SignIn(RequestModel):
    """Name and password of a user."""

    name: Name
    password: Password


class NewPassword(RequestModel):
    """The present password, and another one."""

    current: Password
    new: Password


class SetUp(RequestModel):
    """A link that sets a password, without the address; and the password, to use it up."""

    link: str = Field(min_length=1, max_length=200)
    password: Password | None = None


class Linked(BaseModel):
    """Whose password a link sets."""

    name: str


class Session(BaseModel):
    """A sign-in of a browser. `address` may be a network, `browser` is its User-Agent."""

    id: str
    started: AwareDatetime
    used: AwareDatetime
    ends: AwareDatetime
    address: str
    browser: str
    current: bool


class SessionList(BaseModel):
    """Sessions, the one used last first."""

    sessions: list[Session]


class LookUp(RequestModel):
    """The SHA-256 of a session's secret, in hexadecimal digits."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")


class LookedUp(BaseModel):
    """The principal of a session, in the form that processes exchange."""

    principal: dict[str, Any]


class NewToken(RequestModel):
    """A token for a program: its subject, role and rows, and its lifetime in days."""

    subject: Name
    role: Role
    rows: dict[str, list[Any]] | None = None
    days: int = Field(ge=1, le=366)


class ProgramToken(BaseModel):
    """A token that was just made. It is shown once."""

    id: str
    token: str


class ListedToken(BaseModel):
    """A token that an admin made for a program."""

    id: str
    subject: str
    role: Role
    rows: dict[str, list[Any]] | None
    started: AwareDatetime
    ends: AwareDatetime
    made_by: str


class ProgramTokenList(BaseModel):
    """Tokens of programs."""

    tokens: list[ListedToken]


class Ticket(BaseModel):
    """Valid for one connection to `/ws`, for `expires_in` seconds."""

    ticket: str
    expires_in: PositiveInt


class Revocation(RequestModel):
    """What to revoke: one token, or its id (`jti`), or all present tokens of a subject."""

    token: str | None = Field(None, min_length=1, max_length=MAX_TOKEN_LENGTH)
    token_id: Name | None = None
    subject: Name | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.token, self.token_id, self.subject)) != 1:
            raise ValueError("must contain exactly one of token, token_id, subject")
        return self


class Revoked(BaseModel):
    """What is revoked: `token:<id>` and `subject:<name>`, with times in seconds since 1970."""

    revoked: dict[str, float]
