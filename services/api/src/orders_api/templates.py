"""Templates of what is printed, such as the packing slip: rows of ``order_templates``."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from orders_access.principal import Principal
from orders_api.access_routes import full_admin, no_query, uncached
from orders_api.columns import storable
from orders_api.openapi import problems
from orders_api.requests import parts, require

MAX_CHARACTERS = 60_000
_READ = "SELECT template FROM order_templates WHERE name = %(name)s"
_KEEP = """
    INSERT INTO order_templates (name, template) VALUES (%(name)s, %(template)s)
    ON CONFLICT (name) DO UPDATE SET template = excluded.template, changed_at = now()
"""
_FORGET = "DELETE FROM order_templates WHERE name = %(name)s"


class Template(BaseModel):
    """A template as HTML with `{{names}}`; null stands for the one that the dashboard has."""

    model_config = ConfigDict(extra="forbid", strict=True)

    template: Annotated[str, Field(max_length=MAX_CHARACTERS), AfterValidator(storable)] | None


Name = Literal["packing-slip"]
Admin = Annotated[Principal, Depends(full_admin)]
router = APIRouter(prefix="/api/templates", dependencies=[Depends(no_query)])


@router.get("/{name}", response_model=Template, responses=problems())
async def get_template(request: Request, name: Name) -> Response:
    """Return the owner's template."""
    require(request, "viewer")
    row = await parts(request).accounts.one_or_none(_READ, {"name": name})
    return uncached(Template(template=None if row is None else row[0]).model_dump_json())


@router.put("/{name}", status_code=204, responses=problems(413, 415))
async def put_template(request: Request, _who: Admin, name: Name, body: Template) -> Response:
    """Replace the template for everyone; null goes back to the one that the dashboard has."""
    statement = _FORGET if body.template is None else _KEEP
    await parts(request).accounts.run(statement, {"name": name, "template": body.template})
    return Response(status_code=204)
