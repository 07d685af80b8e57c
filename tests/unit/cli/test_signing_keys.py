"""The keys of ``orders token`` and their rotation."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from harness.forgeries import claims, confused, handmade
from orders_access.errors import InvalidTokenError, KeysUnavailableError
from orders_access.keys import KeyFile
from orders_access.principal import Principal
from orders_access.tokens import Verifier, issue
from orders_cli.errors import BadValueError
from orders_cli.signing_keys import SigningKeys

pytestmark = pytest.mark.anyio


@pytest.fixture
def keys(tmp_path: Path) -> SigningKeys:
    return SigningKeys.in_folder(tmp_path)


@pytest.fixture
def verifier(keys: SigningKeys) -> Verifier:
    """Return the verifier of a process that started before there was a key."""
    return Verifier(KeyFile(keys.public, "ES256"), "ES256", "orders", "orders", 60)


def signed(keys: SigningKeys) -> str:
    own = keys.load()
    who = {"sub": "ann", "role": "viewer"}
    ttl, name = timedelta(minutes=5), own.key_id
    return issue(own.key, "ES256", who, ttl=ttl, audience="orders", issuer="orders", key_id=name)


async def refused(verifier: Verifier, token: str) -> bool:
    try:
        await verifier.verify(token)
    except InvalidTokenError:
        return True
    return False


async def test_rotation(keys: SigningKeys, verifier: Verifier) -> None:
    """During a rotation tokens of both keys are valid; afterwards those of the former are not."""
    old = signed(keys)
    holder = await verifier.verify(old)
    new_name, former = keys.rotate()
    new = signed(keys)
    assert holder.key_id == former
    assert (await verifier.verify(new)).key_id == new_name
    assert await verifier.verify(old)
    assert verifier.still_accepts(holder)
    before = verifier.keys.version
    assert keys.retire() == [former]
    assert verifier.keys.version != before
    assert not verifier.still_accepts(holder)
    assert await refused(verifier, old)
    assert await verifier.verify(new)
    assert keys.retire() == []


def test_two_keys_at_most(keys: SigningKeys) -> None:
    """A second rotation is refused while a former key is valid, and changes nothing."""
    keys.rotate()
    current = keys.load().key_id
    with pytest.raises(BadValueError, match="retire-key"):
        keys.rotate()
    assert keys.load().key_id == current
    keys.retire()
    assert keys.rotate()[1] == current


async def test_key_of_another_folder(keys: SigningKeys, verifier: Verifier, tmp_path: Path) -> None:
    """A token of an unknown key is refused, also if it names a known one."""
    keys.load()
    (tmp_path / "other").mkdir()
    other = SigningKeys.in_folder(tmp_path / "other")
    assert await refused(verifier, signed(other))
    known = json.loads(other.private.read_text()) | {"kid": keys.load().key_id}
    other.private.write_text(json.dumps(known))
    assert await refused(verifier, signed(other))


async def test_public_key_as_a_secret(keys: SigningKeys, verifier: Verifier) -> None:
    """The public keys of gateways sign nothing: neither their text nor parts, by any algorithm."""
    own = keys.load()
    holder = await verifier.verify(signed(keys))
    assert holder.key_id == own.key_id
    header, payload = {"kid": own.key_id}, claims()
    forged = confused(own.key.key.public_key(), "ES256", payload, **header)
    public = json.loads(keys.public.read_text())["keys"][0]
    for secret in (keys.public.read_text(), json.dumps(public), public["x"], public["y"], ""):
        forged += [
            handmade({"alg": claimed, **header}, payload, secret.encode())
            for claimed in ("HS256", "ES256", "none")
        ]
    for token in forged:
        assert await refused(verifier, token)


async def test_no_key_yet(keys: SigningKeys, verifier: Verifier) -> None:
    """Before a key is made every token is refused; the first one makes it and is accepted."""
    assert await refused(verifier, "a.b.c")
    assert (await verifier.verify(signed(keys))).subject == "ann"


async def test_unreadable_keys(keys: SigningKeys, verifier: Verifier) -> None:
    """While the file is damaged, tokens are neither accepted nor called invalid."""
    token = signed(keys)
    holder = await verifier.verify(token)
    good = keys.public.read_text()
    keys.public.write_text("{")
    with pytest.raises(KeysUnavailableError):
        await verifier.verify(token)
    assert verifier.still_accepts(holder)
    keys.public.write_text(good)
    assert await verifier.verify(token)
    keys.public.unlink()
    assert await refused(verifier, token)
    assert not verifier.still_accepts(Principal("ann", "viewer", key_id="x"))


def test_files_are_private(keys: SigningKeys) -> None:
    """Only their owner can read the files, and the public one holds no private key."""
    keys.rotate()
    for file in (keys.private, keys.public):
        assert file.stat().st_mode & 0o777 == 0o600
    assert "d" in json.loads(keys.private.read_text())
    assert not [each for each in json.loads(keys.public.read_text())["keys"] if "d" in each]


def test_lost_public_keys(keys: SigningKeys) -> None:
    """If the public keys are lost, the one that signs is published again."""
    name = keys.load().key_id
    keys.public.unlink()
    assert keys.load().key_id == name
    assert [each["kid"] for each in json.loads(keys.public.read_text())["keys"]] == [name]


def test_two_commands_at_once(keys: SigningKeys) -> None:
    """Commands that run at the same time make one key."""
    with ThreadPoolExecutor(8) as pool:
        names = set(pool.map(lambda _: keys.load().key_id, range(8)))
    assert len(names) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder without write permission is an error that names it."""
    tmp_path.chmod(0o500)
    with pytest.raises(BadValueError, match=str(tmp_path)):
        SigningKeys.in_folder(tmp_path).load()


def test_damaged_key(keys: SigningKeys) -> None:
    """A damaged file is an error that names it; it is not replaced."""
    keys.private.write_text("{")
    keys.public.write_text("{}")
    with pytest.raises(BadValueError, match="does not hold a key"):
        keys.load()
    assert keys.private.read_text() == "{"
