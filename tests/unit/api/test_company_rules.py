"""Which claims give which role and rows, and which rules and settings are refused."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from orders_access.principal import Principal
from orders_api.company_rules import person_of, read_rules
from orders_api.errors import NotAllowedError
from orders_api.settings import Settings
from orders_service.settings import refusals

RULES = [
    {"when": {"groups": ["chiefs", "owners"]}, "role": "admin"},
    {"when": {"realm.roles": "packing", "email_verified": True}, "role": "clerk"},
    {"when": {"groups": "sales"}, "role": "clerk", "rows": {"store": ["Berlin"], "year": [2026]}},
    {"when": {"https://shop.example/role": "x"}, "role": "viewer", "rows": {"a": {"claim": "b.c"}}},
    {"when": {"groups": "careful", "amr": ["mfa", "hwk"]}, "role": "viewer"},
]


def person(**claims: Any) -> Principal:
    """Return who has these claims."""
    return person_of({"name": "Ann", **claims}, read_rules(json.dumps(RULES)), "name")


@pytest.mark.parametrize(
    ("claims", "role", "rows"),
    [
        ({"groups": ["all", "owners"]}, "admin", None),
        ({"groups": "chiefs"}, "admin", None),
        ({"groups": ["sales", "chiefs"]}, "admin", None),
        ({"realm": {"roles": ["packing"]}, "email_verified": True}, "clerk", None),
        ({"groups": ["sales"]}, "clerk", {"store": ["Berlin"], "year": [2026]}),
        ({"https://shop.example/role": "x", "b": {"c": ["p", "q"]}}, "viewer", {"a": ["p", "q"]}),
        ({"https://shop.example/role": "x", "b.c": "p"}, "viewer", {"a": ["p"]}),
        ({"groups": "careful", "amr": ["pwd", "mfa"]}, "viewer", None),
    ],
)
def test_first_rule_decides(claims: dict[str, Any], role: str, rows: Any) -> None:
    """The first rule whose conditions all hold gives role and rows."""
    found = person(**claims)
    assert (found.subject, found.role, found.row_values) == ("Ann", role, rows)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"groups": []},
        {"groups": ["Chiefs", "chief", " chiefs"]},
        {"groups": {"chiefs": True}},
        {"groups": [["chiefs"]]},
        {"groups": None},
        {"realm": {"roles": ["packing"]}},
        {"realm": {"roles": ["packing"]}, "email_verified": 1},
        {"realm": {"roles": ["packing"]}, "email_verified": "true"},
        {"realm": ["roles"]},
        {"https://shop.example/role": "x"},
        {"https://shop.example/role": "x", "b": {"c": []}},
        {"groups": "careful", "amr": ["pwd"]},
        {"groups": "careful"},
        {"https://shop.example/role": "x", "b": {"c": [""]}},
        {"https://shop.example/role": "x", "b": {"c": ["p", 1]}},
        {"groups": "chiefs", "name": None},
        {"groups": "chiefs", "name": ""},
        {"groups": "chiefs", "name": "a\nb"},
        {"groups": "chiefs", "name": ["Ann"]},
        {"groups": "chiefs", "name": "x" * 201},
    ],
)
def test_everyone_else_is_refused(claims: dict[str, Any]) -> None:
    """A person without an exactly fitting rule, usable name or restriction is refused."""
    with pytest.raises(NotAllowedError):
        person(**claims)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("[", "is not JSON"),
        ("[]", "at least one rule"),
        ("{}", "valid tuple"),
        ([{"role": "admin"}], "rule 1, when: Field required"),
        ([{"when": {}, "role": "boss"}], "rule 1, role: "),
        ([RULES[0], {"when": {}, "role": "admin", "row": {}}], "rule 2, row: Extra inputs"),
        ([{"when": {}, "role": "admin", "rows": {}}], "rule 1: rows must name 1 to 20"),
        ([{"when": {}, "role": "admin", "rows": {"version": [1]}}], "rule 1: rows cannot"),
        ([{"when": {}, "role": "admin", "rows": {"a": [1, "x"]}}], "rule 1: "),
        ([{"when": {"a": 1.5}, "role": "admin"}], "rule 1, when.a"),
    ],
)
def test_bad_rules(rules: Any, said: str) -> None:
    """A rule that is not valid is named, with the reason."""
    with pytest.raises(ValueError, match=said):
        read_rules(rules if isinstance(rules, str) else json.dumps(rules))


COMPLETE = {
    "db_password": "secret",
    "auth_mode": "token",
    "auth_secret": "0123456789abcdef0123456789abcdef",
    "public_url": "https://orders.example.com",
    "oidc_issuer": "https://login.example.com/realms/shop",
    "oidc_client_id": "orders",
    "oidc_client_secret": "of the provider",
    "oidc_rules": json.dumps(RULES),
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"oidc_client_id": ""}, "OIDC_ISSUER needs OIDC_CLIENT_ID"),
        ({"oidc_client_secret": "", "oidc_rules": ""}, "needs OIDC_CLIENT_SECRET, OIDC_RULES"),
        ({"oidc_issuer": ""}, "needs OIDC_ISSUER"),
        ({"oidc_issuer": "http://login.example.com"}, "setting OIDC_ISSUER: must be"),
        ({"oidc_issuer": "login.example.com"}, "setting OIDC_ISSUER: must be"),
        ({"oidc_issuer": "https://login.example.com?x=1"}, "setting OIDC_ISSUER: must be"),
        ({"public_url": ""}, "OIDC_ISSUER needs PUBLIC_URL"),
        ({"public_url": "http://orders.example.com"}, "OIDC_ISSUER needs PUBLIC_URL"),
        ({"auth_mode": "open"}, "OIDC_ISSUER needs AUTH_MODE=token"),
        ({"oidc_rules": "[{]"}, "setting OIDC_RULES: is not JSON"),
        ({"oidc_scopes": "profile"}, "setting OIDC_SCOPES: must contain openid"),
        ({"oidc_algorithm": "HS256"}, "setting OIDC_ALGORITHM"),
    ],
)
def test_bad_settings(monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str) -> None:
    """Missing and invalid settings are named at the start, without secrets."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in (COMPLETE | changes).items():
        monkeypatch.setenv(name.upper(), value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    text = "\n".join(refusals(caught.value))
    assert said in text
    assert "of the provider" not in text


def test_complete_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name on the button is the issuer's host unless another one is set."""
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name.upper(), value)
    assert Settings().company == "login.example.com"
    assert len(Settings().company_rules) == len(RULES)
