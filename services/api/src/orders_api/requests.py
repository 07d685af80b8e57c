"""What requests carry besides their bodies: ids, headers, query parameters."""

import re
from typing import Annotated

import redis.asyncio as redis
from fastapi import Depends, Header, Path, Request

from orders_access.principal import Principal
from orders_access.tokens import Verifier
from orders_api import preconditions
from orders_api.errors import ForbiddenError, InvalidInputError
from orders_api.health import HealthProbe
from orders_api.models import MAX_BIGINT
from orders_api.preconditions import MalformedTagError, Precondition
from orders_api.revocation_list import RevocationList
from orders_api.store import OrderStore
from orders_contract.messages import Role

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]{1,200}")


async def _store(request: Request) -> OrderStore:
    store: OrderStore = request.app.state.store
    return store


async def _health_probe(request: Request) -> HealthProbe:
    probe: HealthProbe = request.app.state.health_probe
    return probe


async def _mode(request: Request) -> str:
    mode: str = request.app.state.auth_mode
    return mode


async def _bus(request: Request) -> redis.Redis:
    client: redis.Redis = request.app.state.redis
    return client


async def _revocation_list(request: Request) -> RevocationList:
    revocation_list: RevocationList = request.app.state.revocation_list
    return revocation_list


async def _verifier(request: Request) -> Verifier | None:
    verifier: Verifier | None = request.app.state.verifier
    return verifier


async def _somebody(request: Request) -> Principal | None:
    """Return who asks, if they have shown it; the gate has put it there."""
    principal: Principal | None = request.state.principal
    return principal


class _AtLeast:
    """Returns who asks, if their role is high enough."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, request: Request) -> Principal:
        principal: Principal = request.state.principal
        if not principal.may(self.role):
            raise ForbiddenError
        return principal


async def _if_match(
    if_match: Annotated[str | None, Header(description='`"3"`: only if the version is 3.')] = None,
) -> Precondition:
    try:
        return preconditions.if_match(if_match)
    except MalformedTagError as exc:
        raise InvalidInputError("If-Match", 'must be * or a version in quotes, as "3"') from exc


async def _idempotency_key(
    idempotency_key: Annotated[
        str | None,
        Header(description="1 to 200 visible ASCII characters; the answer is kept for a day."),
    ] = None,
) -> str | None:
    if idempotency_key is not None and not _VISIBLE_ASCII.fullmatch(idempotency_key):
        raise InvalidInputError("Idempotency-Key", "must be 1 to 200 visible ASCII characters")
    return idempotency_key


async def without_query(request: Request) -> None:
    """Refuse query parameters where there are none to give."""
    for name in request.query_params:
        raise InvalidInputError(name[:100], "is not known here")


Somebody = Annotated[Principal | None, Depends(_somebody)]
Viewer = Annotated[Principal, Depends(_AtLeast("viewer"))]
Clerk = Annotated[Principal, Depends(_AtLeast("clerk"))]
Admin = Annotated[Principal, Depends(_AtLeast("admin"))]
Mode = Annotated[str, Depends(_mode)]
Bus = Annotated[redis.Redis, Depends(_bus)]
Revoking = Annotated[RevocationList, Depends(_revocation_list)]
TokenVerifier = Annotated[Verifier | None, Depends(_verifier)]
OrderId = Annotated[int, Path(ge=-MAX_BIGINT - 1, le=MAX_BIGINT)]
Store = Annotated[OrderStore, Depends(_store)]
Probe = Annotated[HealthProbe, Depends(_health_probe)]
IfMatch = Annotated[Precondition, Depends(_if_match)]
IdempotencyKey = Annotated[str | None, Depends(_idempotency_key)]
