"""TCP ports: find conflicts among wanted ports, ports in use, and free ports."""

import errno
import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from random import SystemRandom

LOOPBACK = "127.0.0.1"
MAX_PORT = 65_535

# Below the ports of outgoing connections (Linux: from 32768, others: from 49152), so that no
# connection takes a port by chance before its program starts or while the program restarts.
_FREE_RANGE = range(20_000, 32_000)


@dataclass(frozen=True)
class WantedPort:
    """A port to listen on (0: any free port), and the option of ``orders up`` that sets it."""

    owner: str
    option: str
    port: int
    hosts: tuple[str, ...] = (LOOPBACK,)


def conflicts(wanted: Iterable[WantedPort]) -> list[str]:
    """Return a sentence for each port that is above MAX_PORT or is wanted twice."""
    owners: dict[int, WantedPort] = {}
    sentences = []
    for each in wanted:
        if each.port > MAX_PORT:
            sentences.append(
                f"port {each.port} for {each.owner} does not exist; choose a lower one with "
                f"{each.option}"
            )
        other = owners.setdefault(each.port, each)
        if other is not each and each.port != 0:
            sentences.append(
                f"port {each.port} is wanted by both {other.owner} and {each.owner}; "
                f"choose another with {other.option} or {each.option}"
            )
    return sentences


def unavailable(wanted: Iterable[WantedPort]) -> list[str]:
    """Return a sentence for each port that cannot be opened on this machine now."""
    return [
        f"port {each.port}, wanted by {each.owner}, {problem}; choose another with {each.option}"
        for each in wanted
        if each.port != 0
        for problem in sorted({_problem(host, each.port) for host in each.hosts} - {""})
    ]


def assign(wanted: Mapping[str, WantedPort]) -> dict[str, int]:
    """Return the port numbers by the same keys, with a free port in place of each 0."""
    hosts = {host: None for each in wanted.values() for host in each.hosts}
    free = iter(free_ports(len(wanted), tuple(hosts)))
    return {name: each.port or next(free) for name, each in wanted.items()}


def free_ports(count: int, hosts: Sequence[str] = (LOOPBACK,)) -> list[int]:
    """Return ``count`` different ports that are free on all of the hosts."""
    ports: list[int] = []
    with ExitStack() as held:
        for candidate in SystemRandom().sample(_FREE_RANGE, len(_FREE_RANGE)):
            if len(ports) == count:
                return ports
            try:
                for host in hosts:
                    held.enter_context(_bind(host, candidate))
            except OSError:
                continue
            ports.append(candidate)
    raise OSError(f"fewer than {count} free ports")


def has_ipv6_loopback() -> bool:
    """Return whether this machine has the address ::1."""
    try:
        _bind("::1", 0).close()
    except OSError:
        return False
    return True


def _problem(host: str, port: int) -> str:
    try:
        _bind(host, port).close()
    except PermissionError:
        return "needs privileges that you do not have"
    except OSError as exc:
        in_use = exc.errno == errno.EADDRINUSE
        return "is in use" if in_use else f"cannot be opened on {host} ({exc.strerror})"
    return ""


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Servers set this option too: a port that is in TIME_WAIT after a stack ended is free.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(1)
    except OSError:
        sock.close()
        raise
    return sock
