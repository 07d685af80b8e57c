"""Guessing passwords: failed attempts have to wait, and keep nobody else out."""

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from harness.answers import problem
from harness.guarded import Guarded
from harness.people import block_for_long, page, sign_in
from harness.waiting import until

pytestmark = pytest.mark.usefixtures("_forgiven")


def until_blocked(system: Guarded, browser: httpx.Client, name: str) -> int:
    """Guess until an attempt comes too early, and make the wait long; return the wrong ones."""
    tried = 0
    while (status := sign_in(browser, name, f"guess {tried}").status_code) == 401:
        tried += 1
    assert status == 429
    block_for_long(system.pipeline.database)
    return tried


def test_failures_are_logged(system: Guarded) -> None:
    """The security log names the user of a failed attempt, and never what else was typed.

    It is the first test: after a flood of guesses some lines are left out.
    """
    with page(system.url) as browser:
        sign_in(browser, "Leaver", "wrong")
        sign_in(browser, "typed-by-mistake", "wrong")
    said = "log=security reason=/api/session status=401 subject=leaver"
    until(lambda: said in " ".join(system.logs().split()), 5, "the line of the log")
    assert "typed-by-mistake" not in system.logs()


@pytest.mark.parametrize("name", ["boss", "nobody", "Boss\u0301", "x" * 200])
def test_wrong_password(system: Guarded, name: str) -> None:
    """Wrong names and wrong passwords get the same answer."""
    with page(system.url) as browser:
        answer = sign_in(browser, name, "not the password")
        assert problem(answer, 401)["detail"] == "Name or password is wrong."
        assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("name", ["boss", "nobody"])
def test_guesses_have_to_wait(system: Guarded, name: str) -> None:
    """After some failures the right password is refused, too, until some time has passed."""
    with page(system.url) as browser:
        assert until_blocked(system, browser, name) >= 3
        answer = sign_in(browser, name)
        detail = problem(answer, 429)["detail"]
        assert int(answer.headers["Retry-After"]) >= 1
        assert re.fullmatch(r"Too many attempts. Try again in \d+ (second|minute)s?.", detail)


def test_waits_double(system: Guarded) -> None:
    """Each failure doubles the wait, up to a bound."""
    waits = []
    with page(system.url) as browser:
        for _ in range(16):
            assert sign_in(browser, "boss", "a guess").status_code == 401
            ((wait_s,),) = system.query(
                "SELECT max(extract(epoch FROM blocked_until - last_at))::int"
                "  FROM order_sign_in_attempts",
            )
            waits.append(wait_s)
            system.query("UPDATE order_sign_in_attempts SET blocked_until = now()")
    assert waits == [0, 0, 0, *(2**n for n in range(10)), 900, 900, 900]


def test_a_stranger_locks_nobody_out(system: Guarded) -> None:
    """Guesses of one address at a name do not keep its user out at another address."""
    with page(system.url) as stranger, page(system.url, **{"X-Forwarded-For": "::1"}) as user:
        until_blocked(system, stranger, "boss")
        assert sign_in(stranger, "boss").status_code == 429
        assert sign_in(user, "boss").status_code == 201


def test_guesses_at_once(system: Guarded) -> None:
    """Attempts at the same time count as many: they are counted before they are checked."""

    def guess(number: int) -> int:
        with page(system.url) as browser:
            return sign_in(browser, "boss", f"guess {number}").status_code

    with page(system.url) as browser:
        for _ in range(8):  # the wait after one more is longer than the twelve take
            assert sign_in(browser, "boss", "a guess").status_code == 401
            system.query("UPDATE order_sign_in_attempts SET blocked_until = now()")
    with ThreadPoolExecutor(12) as threads:
        statuses = list(threads.map(guess, range(12)))
    assert sorted(statuses) == [401] + [429] * 11


def test_flood_of_guesses(system: Guarded) -> None:
    """A flood of guesses from many addresses is hardly checked, and keeps no other user out."""

    def guess(number: int) -> int:
        address = {"X-Forwarded-For": f"2001:db8:{number:x}::1"}
        with page(system.url, **address) as browser:
            return sign_in(browser, "boss", f"guess {number}").status_code

    with ThreadPoolExecutor(8) as threads:
        flood = threads.map(guess, range(160))
        with page(system.url, **{"X-Forwarded-For": "192.0.2.1"}) as bystander:
            for _ in range(5):
                assert sign_in(bystander, "ann").status_code == 201
        statuses = list(flood)
    assert set(statuses) == {401, 429}
    assert statuses.count(401) < 40


def test_an_office_behind_one_address(system: Guarded) -> None:
    """Right passwords do not count against an address, however many there are; guesses do."""
    with page(system.url) as browser:
        assert sign_in(browser, "boss", "wrong").status_code == 401
        for name in ("ann", "leaver", "ann"):
            assert sign_in(browser, name).status_code == 201
    # The guess is counted under the name, the address, and both.
    assert system.query("SELECT sum(failures)::int FROM order_sign_in_attempts") == [(3,)]
