"""The paths of admins about people: users, and the sessions of everyone."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from orders_access.errors import InvalidTokenError
from orders_access.names import new_name
from orders_access.principal import Principal
from orders_access.security_log import SecurityLog
from orders_api import cookies, user_accounts
from orders_api.access_models import InPath
from orders_api.access_routes import full_admin, no_query, uncached
from orders_api.errors import (
    InvalidInputError,
    OpenModeError,
    PlainHttpError,
    RowNotFoundError,
)
from orders_api.openapi import problems
from orders_api.requests import if_match, parts
from orders_api.session_routes import checked_rows
from orders_api.user_models import (
    EveryonesSessions,
    Link,
    MadeUser,
    NewUser,
    User,
    UserChanges,
    UserList,
    UserName,
)

_security = SecurityLog()


async def _closed(request: Request) -> None:
    """Refuse in open mode, where nobody signs in."""
    if parts(request).settings.is_open:
        raise OpenModeError


Admin = Annotated[Principal, Depends(full_admin)]
router = APIRouter(prefix="/api", dependencies=[Depends(no_query), Depends(_closed)])


@router.get("/users", response_model=UserList, responses=problems(409))
async def list_users(request: Request, _who: Admin) -> Response:
    """Return the users who sign in with a password."""
    found = await user_accounts.listed(parts(request).accounts)
    listed = UserList.model_validate({"users": [asdict(each) for each in found]})
    return uncached(listed.model_dump_json())


@router.post("/users", status_code=201, response_model=MadeUser, responses=problems(409, 413, 415))
async def add_user(request: Request, who: Admin, wanted: NewUser) -> Response:
    """Make a user. Without a password the answer has a link, once: it sets one within a day."""
    running = parts(request)
    try:
        name = new_name(wanted.name)
    except InvalidTokenError as exc:
        raise InvalidInputError("name", str(exc).removeprefix("sub ")) from None
    await checked_rows(request, wanted.rows)
    hashed = None
    if wanted.password is not None:
        if not cookies.takes_passwords(request.scope):
            raise PlainHttpError
        hashed = await running.users.hashed(name, wanted.password, field="password")
    made = await user_accounts.add(running.accounts, name, wanted.role, wanted.rows, hashed)
    _security.changed("user_added", who.subject, name)
    account, link = made
    body = {"user": asdict(account), "link": link and asdict(link)}
    return uncached(MadeUser.model_validate(body).model_dump_json(), 201)


@router.patch(
    "/users/{name:path}", response_model=User, responses=problems(404, 409, 412, 413, 415)
)
async def change_user(request: Request, who: Admin, name: InPath, wanted: UserChanges) -> Response:
    """Change a user; if something differs, the sessions end.

    `If-Match` names the `version` that was seen.
    """
    changes = wanted.model_dump(exclude_unset=True)
    if not changes:
        raise InvalidInputError("body", "must change something")
    await checked_rows(request, changes.get("rows"))
    changed = await user_accounts.change(parts(request).accounts, name, changes, if_match(request))
    _security.changed(f"user_{'_'.join(changes)}", who.subject, changed.name)
    return uncached(User.model_validate(asdict(changed)).model_dump_json())


@router.delete("/users/{name:path}", status_code=204, responses=problems(404, 409, 412))
async def remove_user(request: Request, who: Admin, name: InPath) -> Response:
    """Remove a user, whose sessions end. Events keep the name."""
    await user_accounts.remove(parts(request).accounts, name, if_match(request))
    _security.changed("user_removed", who.subject, name)
    return Response(status_code=204)


@router.post(
    "/user-links", status_code=201, response_model=Link, responses=problems(404, 409, 413, 415)
)
async def renew_link(request: Request, who: Admin, wanted: UserName) -> Response:
    """Return a link, once, by which a user sets another password; then the user's sessions end."""
    made = await user_accounts.renew_link(parts(request).accounts, wanted.name)
    _security.changed("user_link", who.subject, wanted.name)
    return uncached(Link(link=made.link, ends=made.ends).model_dump_json(), 201)


@router.get("/all-sessions", response_model=EveryonesSessions, responses=problems(409))
async def list_everyones_sessions(request: Request, who: Admin) -> Response:
    """Return the sessions of all people."""
    found = await parts(request).sessions.listed(None)
    listed = [asdict(each) | {"current": each.id == who.session} for each in found]
    return uncached(EveryonesSessions.model_validate({"sessions": listed}).model_dump_json())


@router.delete("/all-sessions/{session}", status_code=204, responses=problems(404, 409))
async def end_anyones_session(request: Request, who: Admin, session: InPath) -> Response:
    """End a session of any person: its connections close within a second."""
    if not await parts(request).sessions.end(None, [session], programs=False):
        raise RowNotFoundError("sessions")
    _security.signed_out(who, session)
    return Response(status_code=204)
