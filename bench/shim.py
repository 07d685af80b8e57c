"""Builds the library that makes flushing to disk take 1 ms."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SOURCE = Path(__file__).parent / "slow_fsync.c"


@contextmanager
def slow_fsync() -> Iterator[Path | None]:
    """Return the library to preload; None where there is no C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "slow_fsync.so"
        Path(folder).chmod(0o755)  # PostgreSQL may run as another user
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE)]
        subprocess.run(command, check=True, capture_output=True)
        yield library
