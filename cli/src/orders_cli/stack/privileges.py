"""Start programs through setpriv(1): they end with this process, and PostgreSQL is not root.

This works only on Linux. Elsewhere the programs keep running after a SIGKILL of ``orders up``.
"""

import os
import shutil
import subprocess
from pathlib import Path
from signal import Signals

from orders_cli.errors import StackError

NOBODY = 65_534


def launch_command(
    command: tuple[str, ...],
    user_options: tuple[str, ...] = (),
    death_signal: Signals = Signals.SIGKILL,
) -> tuple[str, ...]:
    """Return a command line that runs ``command`` and sends it a signal when this process ends."""
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return command
    signal_name = death_signal.name.removeprefix("SIG")
    return (setpriv, "--pdeathsig", signal_name, *user_options, "--", *command)


def unprivileged_user_options(program: Path, data: Path) -> tuple[str, ...]:
    """Return options of setpriv that run a program as NOBODY; none if this process is not root.

    If NOBODY cannot reach one of the paths (as in a home folder with mode 700), the program keeps
    the smallest capability that makes it possible. Nothing is copied or made public.

    Raises:
        StackError: NOBODY cannot run the program.

    """
    if os.geteuid() != 0:
        return ()
    user = ("--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
    candidates: list[tuple[str, ...]] = [user]
    for capability in ("+dac_read_search", "+dac_override"):
        # PostgreSQL calls access(2) on its own program, which respects capabilities only with
        # no_setuid_fixup.
        keep = ("--securebits", "+no_setuid_fixup", "--inh-caps", capability)
        candidates.append((*user, *keep, "--ambient-caps", capability))
    reach = ("/bin/sh", "-c", 'test -x "$0" && test -x "$1"', str(program), str(data))
    for options in candidates if shutil.which("setpriv") else ():
        tried = subprocess.run(launch_command(reach, options), capture_output=True, check=False)
        if tried.returncode == 0:
            return options
    raise StackError(
        f"PostgreSQL does not run as root, and other users cannot reach {program} or {data}; "
        "run as an ordinary user, or move the folder to a place that everyone can read"
    )
