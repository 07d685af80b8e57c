"""Compile the C sources of the benchmarks, if there is a compiler."""

import atexit
import shutil
import subprocess
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

MISSING = "there is no C compiler"
"""The reason why there is no library."""


@cache
def library(source: Path) -> Path | None:
    """Compile a source once per process; return the library, or None without a compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    built = _folder() / f"{source.stem}.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(built), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    return built


def required(source: Path) -> Path:
    """Return the shared library of a source; fail if there is no C compiler."""
    built = library(source)
    if built is None:
        raise RuntimeError(f"{MISSING}: install cc, gcc or clang to run benchmarks with clients")
    return built


@cache
def _folder() -> Path:
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    Path(folder.name).chmod(0o755)  # PostgreSQL may run as another user
    return Path(folder.name)
