"""The paths for admins about users and the sessions of all people."""

from dataclasses import asdict

from fastapi import APIRouter, Depends, Request, Response

from orders_access.errors import InvalidTokenError
from orders_access.names import new_name
from orders_access.security_log import SecurityLog
from orders_api import cookies, user_accounts
from orders_api.access_models import InPath
from orders_api.errors import InvalidInputError, PlainHttpError, RowNotFoundError
from orders_api.field_errors import Message
from orders_api.openapi import problems
from orders_api.requests import UNCACHED, Admin, closed, if_match, parts
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


router = APIRouter(prefix="/api", dependencies=[UNCACHED, Depends(closed)])


@router.get("/users", responses=problems(409))
async def list_users(request: Request, _who: Admin) -> UserList:
    """Return the users who sign in with a password."""
    return UserList(users=await user_accounts.listed(parts(request).accounts))


@router.post("/users", status_code=201, responses=problems(409, 413, 415))
async def add_user(request: Request, who: Admin, wanted: NewUser) -> MadeUser:
    """Make a user. Without a password, the answer has a link that sets one within a day.

    No later answer shows the link.
    """
    running = parts(request)
    try:
        name = new_name(wanted.name)
    except InvalidTokenError as exc:
        raise InvalidInputError(
            "name", Message(str(exc).removeprefix("sub "), "name_not_allowed")
        ) from None
    await checked_rows(request, wanted.rows)
    hashed = None
    if wanted.password is not None:
        if not cookies.takes_passwords(request.scope):
            raise PlainHttpError
        hashed = await running.users.hashed(name, wanted.password, field="password")
    made = await user_accounts.add(running.accounts, name, wanted.role, wanted.rows, hashed)
    _security.changed("user_added", who.subject, name)
    user, link = made
    return MadeUser(user=user, link=link)


@router.patch("/users/{name:path}", responses=problems(404, 409, 412, 413, 415))
async def change_user(request: Request, who: Admin, name: InPath, wanted: UserChanges) -> User:
    """Change a user. If a value differs from before, the user's sessions end.

    Send the `version` that you have seen as `If-Match`.
    """
    changes = wanted.model_dump(exclude_unset=True)
    if not changes:
        raise InvalidInputError("body", "must change something")
    await checked_rows(request, changes.get("rows"))
    changed = await user_accounts.change(parts(request).accounts, name, changes, if_match(request))
    _security.changed(f"user_{'_'.join(changes)}", who.subject, changed.name)
    return changed


@router.delete("/users/{name:path}", status_code=204, responses=problems(404, 409, 412))
async def remove_user(request: Request, who: Admin, name: InPath) -> Response:
    """Remove a user and end the user's sessions. Events keep the name."""
    await user_accounts.remove(parts(request).accounts, name, if_match(request))
    _security.changed("user_removed", who.subject, name)
    return Response(status_code=204)


@router.post("/user-links", status_code=201, responses=problems(404, 409, 413, 415))
async def renew_link(request: Request, who: Admin, wanted: UserName) -> Link:
    """Return a new link with which a user sets a password; setting it ends the user's sessions.

    Earlier links of the user are no longer valid. No later answer shows the link.
    """
    made = await user_accounts.renew_link(parts(request).accounts, wanted.name)
    _security.changed("user_link", who.subject, wanted.name)
    return made


@router.get("/all-sessions", summary="List all sessions", responses=problems(409))
async def list_everyones_sessions(request: Request, who: Admin) -> EveryonesSessions:
    """Return the sessions of all people."""
    found = await parts(request).sessions.listed(None)
    listed = [asdict(each) | {"current": each.id == who.session} for each in found]
    return EveryonesSessions.model_validate({"sessions": listed})


@router.delete("/all-sessions/{session}", status_code=204, responses=problems(404, 409))
async def end_anyones_session(request: Request, who: Admin, session: InPath) -> Response:
    """End a session of any person. Its connections close within a second."""
    if not await parts(request).sessions.end(None, [session], programs=False):
        raise RowNotFoundError("sessions")
    _security.signed_out(who, session)
    return Response(status_code=204)
