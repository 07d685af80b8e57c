"""The keys of ``orders token``: one that signs, and the public ones that verify, each in a file.

Only this command reads the signing key. API and gateways read the public keys (``KeyFile``), again
whenever they change, so a key is rotated while everything runs.
"""

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from orders_access.settings import OWN_ALGORITHM
from orders_cli.errors import BadValueError
from orders_cli.stack.data_folder import write_private

SIGNING_KEY, PUBLIC_KEYS = "signing-key.json", "verification-keys.json"
_MAX_KEYS = 2
"""The one that signs, and the one before it until it is retired."""


@dataclass(frozen=True)
class SigningKey:
    """A private key (PyJWK) and the name by which tokens refer to it."""

    key_id: str
    key: Any


@dataclass(frozen=True)
class SigningKeys:
    """A file with the private key and a file with the public keys (JWKS), newest first."""

    private: Path
    public: Path

    @classmethod
    def in_folder(cls, data: Path) -> "SigningKeys":
        """Return the keys in a data folder."""
        return cls(data / SIGNING_KEY, data / PUBLIC_KEYS)

    def exist(self) -> bool:
        """Return whether there is a key to sign with."""
        return self.private.exists()

    def load(self) -> SigningKey:
        """Return the key that signs; it is made if there is none.

        Raises:
            BadValueError: the files cannot be read or written.

        """
        with self._locked():
            if not self.exist():
                self._make(self._public())
            key = self._private()
            listed = self._public()
            if all(each["kid"] != key["kid"] for each in listed):  # the file was lost
                self._publish([_public_half(key), *listed])
            return SigningKey(key["kid"], jwt.PyJWK.from_dict(key, OWN_ALGORITHM))

    def rotate(self) -> tuple[str, str]:
        """Sign with a new key from now on; return the names of the new and the former key.

        Raises:
            BadValueError: a former key is still valid, or the files cannot be used.

        """
        former = self.load().key_id
        with self._locked():
            listed = self._public()
            if len(listed) >= _MAX_KEYS:
                raise BadValueError(
                    "two keys are valid already; end the former with `orders token retire-key`"
                )
            return self._make(listed), former

    def retire(self) -> list[str]:
        """Accept only the key that signs from now on; return the names of the others."""
        current = self.load().key_id
        with self._locked():
            listed = self._public()
            self._publish([each for each in listed if each["kid"] == current])
            return [each["kid"] for each in listed if each["kid"] != current]

    def _make(self, listed: list[dict[str, Any]]) -> str:
        """Make a key; its public half is published first: no token may have an unknown key."""
        made = ec.generate_private_key(ec.SECP256R1())
        key = {**json.loads(ECAlgorithm.to_jwk(made)), "kid": secrets.token_hex(8), "use": "sig"}
        key["alg"] = OWN_ALGORITHM
        self._publish([_public_half(key), *listed])
        write_private(self.private, json.dumps(key) + "\n")
        return str(key["kid"])

    def _publish(self, keys: list[dict[str, Any]]) -> None:
        write_private(self.public, json.dumps({"keys": keys}, indent=1) + "\n")

    def _private(self) -> dict[str, Any]:
        found: dict[str, Any] = _read(self.private)
        return found

    def _public(self) -> list[dict[str, Any]]:
        return list(_read(self.public)["keys"]) if self.public.exists() else []

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold a lock: two commands at once must not both make the first key."""
        try:
            lock = self.private.with_name(".signing.lock")
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                yield
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise BadValueError(f"{exc.filename}: {exc.strerror}") from exc


def _public_half(key: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name != "d"}


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except ValueError:
        raise BadValueError(f"{file} does not hold a key") from None
