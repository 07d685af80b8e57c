"""The keys of ``orders token``: a private key that signs, and a file of public keys that verify.

Only this command reads the private key. API and gateways read the public keys (``KeyFile``), and
read them again when they change, so keys can be rotated while the system runs.
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
"""The key that signs and the former key, until that is retired."""


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
        """Return the key that signs; create it if there is none.

        Raises:
            BadValueError: the files cannot be read or written.

        """
        with self._locked():
            if not self.exist():
                self._make(self._public())
            key = self._private()
            listed = self._public()
            if all(each["kid"] != key["kid"] for each in listed):  # the public file was lost
                self._publish([_public_half(key), *listed])
            return SigningKey(key["kid"], jwt.PyJWK.from_dict(key, OWN_ALGORITHM))

    def rotate(self) -> tuple[str, str]:
        """Create a new key that signs from now on; return the ids of the new and the former key.

        Raises:
            BadValueError: two keys are valid already, or the files cannot be used.

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
        """Remove all public keys except that of the key that signs; return the removed ids."""
        current = self.load().key_id
        with self._locked():
            listed = self._public()
            self._publish([each for each in listed if each["kid"] == current])
            return [each["kid"] for each in listed if each["kid"] != current]

    def _make(self, listed: list[dict[str, Any]]) -> str:
        """Create a key and return its id.

        The public key is written first, so that no token is signed with an unknown key.
        """
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
        """Hold a lock during the block, so that two commands do not change the keys at once."""
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
