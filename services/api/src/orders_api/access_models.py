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
    """The identity and rights of the sender. In open mode: an empty subject and all rights.

    `rows` has the allowed values of each restricting column; null means no restriction.
    `customers` has the same values if the customer column alone restricts, else null. `expires` is
    when token or session ends; null means never. `session` is the id of the browser's session, null
    for a token. `company` is true if the session began with the company login.
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
    """Ways to sign in besides name and password. `company` is the company login's name, or null."""

    company: str | None


class SignedOut(BaseModel):
    """The session has ended. `continue_at` is where to sign out of the company login, or null."""

    continue_at: str | None


class SignIn(RequestModel):
    """Name and password of a user."""

    name: Name
    password: Password


class NewPassword(RequestModel):
    """The current password and the new one."""

    current: Password
    new: Password


class SetUp(RequestModel):
    """What follows `#` in a link that sets a password; and the password, null to set none yet."""

    link: str = Field(min_length=1, max_length=200)
    password: Password | None = None


class Linked(BaseModel):
    """The name of the user whose password a link sets."""

    name: str


class Session(BaseModel):
    """A browser's session. `browser` is the User-Agent; `current` marks the sender's session.

    `address` is that of the browser, or the network that it belongs to.
    """

    id: str
    started: AwareDatetime
    used: AwareDatetime
    ends: AwareDatetime
    address: str
    browser: str
    current: bool


class SessionList(BaseModel):
    """Sessions, the most recently used first."""

    sessions: list[Session]


class LookUp(RequestModel):
    """The SHA-256 of the secret of a session or of a program's token, in hexadecimal digits."""

    digest: str = Field(pattern="^[0-9a-f]{64}$")


class LookedUp(BaseModel):
    """The principal of a session or token, in the form that the services exchange."""

    principal: dict[str, Any]


class NewToken(RequestModel):
    """A token to make for a program. `days` is its lifetime; `rows` restricts it, as in `Me`."""

    subject: Name
    role: Role
    rows: dict[str, list[Any]] | None = None
    days: int = Field(ge=1, le=366)


class ProgramToken(BaseModel):
    """A new token. No later answer shows its text."""

    id: str
    token: str


class ListedToken(BaseModel):
    """A program's token, without its text. `made_by` is the admin who made it."""

    id: str
    subject: str
    role: Role
    rows: dict[str, list[Any]] | None
    started: AwareDatetime
    ends: AwareDatetime
    made_by: str


class ProgramTokenList(BaseModel):
    """The tokens of programs."""

    tokens: list[ListedToken]


class Ticket(BaseModel):
    """A secret that opens one connection to `/ws`, within `expires_in` seconds."""

    ticket: str
    expires_in: PositiveInt


class Revocation(RequestModel):
    """What to revoke: a token, or a token's id (`jti`), or all present tokens of a subject."""

    token: str | None = Field(None, min_length=1, max_length=MAX_TOKEN_LENGTH)
    token_id: Name | None = None
    subject: Name | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if sum(each is not None for each in (self.token, self.token_id, self.subject)) != 1:
            raise ValueError("must contain exactly one of token, token_id, subject")
        return self


class Revoked(BaseModel):
    """Times in seconds since 1970, by `token:<id>` and `subject:<name>`.

    A token is revoked until its time. Of a subject, tokens that were issued up to the time are
    revoked.
    """

    revoked: dict[str, float]
