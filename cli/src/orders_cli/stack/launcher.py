"""Becomes another program that dies with its parent and, if asked, is not root.

    python -I -S launcher.py PARENT_PID SIGNAL UID:GID|- CAPABILITIES|- PROGRAM ARGUMENT...

Run as a script of its own, with the standard library alone. ``preexec_fn`` could do the same, but
runs Python between fork and exec, where it may deadlock. The order matters: a change of identity
clears both the parent-death signal and the ambient capabilities, exec keeps them.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilitySets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _become(libc: ctypes.CDLL, uid: int, gid: int, capability: int | None) -> None:
    """Give up root for good; keep one capability, also across exec, if one is named."""
    if capability is not None:
        # Keeps capabilities when the uid changes, and lets access(2) honour them: PostgreSQL asks
        # access(2) about its own binaries.
        _checked(libc.prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP, 0, 0, 0))
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is not None:
        kept = 1 << capability
        sets = (_CapabilitySets * 2)(_CapabilitySets(kept, kept, kept))
        _checked(libc.capset(ctypes.byref(_CapabilityHeader(_CAPABILITY_VERSION_3, 0)), sets))
        _checked(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def main(arguments: list[str]) -> None:
    """Change who this process is, tie its life to its parent's, and become the program."""
    parent, death_signal, identity, capability, *program = arguments
    libc = ctypes.CDLL(None, use_errno=True)
    if identity != "-":
        uid, gid = identity.split(":")
        _become(libc, int(uid), int(gid), None if capability == "-" else int(capability))
    if sys.platform == "linux":
        _checked(libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0))
    if os.getppid() != int(parent):
        os.kill(os.getpid(), signal.SIGKILL)  # the parent died before the signal was armed
    os.execv(program[0], program)  # noqa: S606  no shell wanted


if __name__ == "__main__":
    main(sys.argv[1:])
