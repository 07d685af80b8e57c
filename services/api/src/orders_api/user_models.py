"""Types of requests and responses about users and the sessions of all people."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, StrictBool

from orders_api.access_models import Name, Password, Session
from orders_api.models import RequestModel, Stored
from orders_contract.messages import Role

Rows = dict[str, list[Any]]


class NewUser(RequestModel):
    """A user to make. Without a password, the answer has a link with which the user sets one."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"name": "bea", "role": "clerk", "rows": {"store": ["Berlin"]}}]
        }
    )

    name: Name
    role: Role
    rows: Rows | None = None
    password: Password | None = None


class UserChanges(RequestModel):
    """The values to change. With `rows` null the user is not restricted."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"disabled": True}]})

    role: Role = "viewer"
    rows: Rows | None = None
    disabled: StrictBool = False


class UserName(RequestModel):
    """The name of a user."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "bea"}]})

    name: Name


class User(Stored):
    """A user who signs in with a password.

    Send `version` as `If-Match` to change the user. `has_password` is false until the user has set
    one with a link; `link_ends` is until when an unused link is valid. `sessions` is the number of
    present sessions, and `used` when one of them was used last.
    """

    name: str
    role: Role
    rows: Rows | None
    disabled: bool
    has_password: bool
    link_ends: AwareDatetime | None
    created: AwareDatetime
    sessions: NonNegativeInt
    used: AwareDatetime | None
    version: str


class UserList(BaseModel):
    """The users, by name."""

    users: list[User]


class Link(BaseModel):
    """A path of the dashboard at which a user sets a password, once, until `ends`."""

    link: str = Field(examples=["/set-up#Xq3..."])
    ends: AwareDatetime


class MadeUser(BaseModel):
    """The new user, and the link that sets a password; null if the request had a password."""

    user: User
    link: Link | None


class AnyonesSession(Session):
    """A browser's session, and whose it is."""

    subject: str
    role: Role


class EveryonesSessions(BaseModel):
    """The sessions of all people, the most recently used first; at most 1,000."""

    sessions: list[AnyonesSession]
