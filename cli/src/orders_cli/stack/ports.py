"""Ports: which are wanted, which are taken, which are free."""

import errno
import socket
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from random import SystemRandom

LOOPBACK = "127.0.0.1"

# Below the range from which kernels serve outgoing connections (Linux 32768, others 49152): a port
# found here is not taken by chance between the look and the use, nor while a child restarts.
_FREE_RANGE = range(20_000, 32_000)


@dataclass(frozen=True)
class WantedPort:
    """A port that a process is to listen on, and the option that chooses another."""

    owner: str
    option: str
    port: int
    hosts: tuple[str, ...] = (LOOPBACK,)


def clashes(wanted: Iterable[WantedPort]) -> list[str]:
    """Return a sentence for each port that two processes would share."""
    owners: dict[int, WantedPort] = {}
    sentences = []
    for each in wanted:
        if each.port == 0:
            continue
        other = owners.setdefault(each.port, each)
        if other is not each:
            sentences.append(
                f"port {each.port} is wanted by both {other.owner} and {each.owner}: "
                f"choose another with {other.option} or {each.option}"
            )
    return sentences


def beyond_range(wanted: Iterable[WantedPort]) -> list[str]:
    """Return a sentence for each port that does not exist."""
    return [
        f"port {each.port} for {each.owner} does not exist: choose a lower one with {each.option}"
        for each in wanted
        if each.port > 65_535
    ]


def occupied(wanted: Iterable[WantedPort]) -> list[str]:
    """Return a sentence for each port that cannot be had on this machine now."""
    return [
        f"port {each.port}, wanted by {each.owner}, {problem}: choose another with {each.option}"
        for each in wanted
        if each.port != 0
        for problem in sorted({_problem(host, each.port) for host in each.hosts} - {""})
    ]


def _problem(host: str, port: int) -> str:
    try:
        _bind(host, port).close()
    except PermissionError:
        return "needs rights that you do not have"
    except OverflowError:
        return "does not exist"
    except OSError as exc:
        return (
            "is in use"
            if exc.errno == errno.EADDRINUSE
            else f"cannot be had on {host} ({exc.strerror})"
        )
    return ""


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # As servers do: a port in TIME_WAIT after the previous stack is free.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
        sock.listen(1)
    except OSError:
        sock.close()
        raise
    return sock


def has_ipv6_loopback() -> bool:
    """Tell whether this machine speaks IPv6 to itself."""
    try:
        _bind("::1", 0).close()
    except OSError:
        return False
    return True


def free_ports(count: int, hosts: Sequence[str] = (LOOPBACK,)) -> list[int]:
    """Return so many different ports that are free on each of the hosts."""
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
    raise OSError(f"no {count} free ports")
