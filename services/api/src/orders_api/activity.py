"""The log for people to read: similar changes that follow each other are shown as one group.

A group (a burst) consists of changes of one table, by one operation and actor, of the same columns,
less than two seconds apart, within one minute of the clock. The groups do not depend on where
reading starts: each page finds the same ones, and clients add live events by the same rule.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.sql import SQL, Composable

from orders_access.principal import Principal
from orders_api import log, log_queries
from orders_api.catalog import Description
from orders_api.conditions import Values, all_of
from orders_api.database import Database
from orders_api.errors import InvalidInputError, RowNotFoundError
from orders_api.event_scope import may_be_visible
from orders_api.models import ActivityQuery, BurstQuery
from orders_contract.events import open_events

PAUSE = timedelta(seconds=2)
"""A longer pause ends a group."""

SPANS = (2_000, 20_000, 100_000)
"""How many events are examined for a page: the next number if the one before gave few groups."""

MAX_GROUPS = 1000
BURST_SPAN = 20_000
"""How many events are examined for one page of the events of a group."""
MAX_ACTORS = 500
TIME_MARGIN = timedelta(minutes=1)
"""The search for positions extends this far beyond a range of times.

Positions follow the order of commits, but an event's time is that of the change itself. The times
of a long transaction's events are therefore out of order by up to its duration.
"""
SAMPLE_EVENTS = 7
"""Groups of at most this many events are returned with all events, larger ones with the newest."""
SAMPLE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Group:
    """A group of events.

    ``shown`` is the group as the API renders it; ``positions`` are the positions of the sample of
    its events.
    """

    first: int
    last: int
    began_at: datetime
    positions: tuple[int, ...]
    shown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """The groups of the events from position ``low`` on, newest first; at most MAX_GROUPS groups.

    ``low_at`` is the time of the event at ``low``. ``log_first`` is the first position of the log
    and ``log_since`` the time of its event, as JSON. ``begin`` is the first position requested.
    """

    stream: str
    position: int
    log_first: int
    log_since: str | None
    begin: int
    low: int
    low_at: datetime | None
    groups: Sequence[Group]

    @property
    def is_whole(self) -> bool:
        """Whether the groups contain all requested events, back to ``begin``."""
        return self.low <= self.begin


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request: the catalog, the query, the sender, and the first position to examine."""

    catalog: Description
    wanted: ActivityQuery
    who: Principal
    begin: int


@dataclass(frozen=True, slots=True)
class Activity:
    """Reads groups from ``order_events``, newest first."""

    database: Database
    _long_reads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """PostgreSQL takes some tenths of a second for 100,000 events, so one request does it at a
    time."""

    async def page(self, catalog: Description, wanted: ActivityQuery, who: Principal) -> str:
        """Return a page of groups as JSON."""
        if who.rows is not None and wanted.actor not in (None, who.subject):
            raise InvalidInputError("actor", "must be yourself, since you may see some rows only")
        wanted, begin = await self._placed(wanted)
        span, end = await self._groups(_Asked(catalog, wanted, who, begin))
        groups = [group for group in span.groups if group.first >= end]
        positions = [position for group in groups for position in group.positions]
        samples = await self._samples(catalog, positions, who)
        before = "null" if end <= span.begin else end
        shown = ",".join(_rendered(group, samples) for group in groups)
        return (
            f'{{"stream":"{span.stream}","position":{span.position},'
            f'"groups":[{shown}],"before":{before},'
            f'"log_first":{span.log_first},"log_since":{span.log_since or "null"}}}'
        )

    async def burst(self, catalog: Description, wanted: BurstQuery, who: Principal) -> str:
        """Return a page of the events of a group as JSON.

        Raises:
            RowNotFoundError: the group's last event does not exist or is not in scope.

        """
        values: Values = {**wanted.model_dump(), "size": BURST_SPAN}
        visible = may_be_visible(catalog.schema, who.rows, values, certain=True)
        statement = SQL(log_queries.BURST).format(
            log=log_queries.LOG, visible=visible, kind=_alike(who)["kind"]
        )
        stream, position, log_first, low, exists, found = await self.database.one(statement, values)
        if not exists:
            raise RowNotFoundError
        positions: list[int] = found or []
        samples = await self._samples(catalog, positions, who)
        shown = [each for each in positions if each in samples]
        if who.rows is None and len(shown) < len(positions):
            # Some events did not fit into the page, or were pruned just now.
            end = shown[-1] if shown else low
        else:
            end = positions[-1] if len(positions) == wanted.limit else low
        before = end if end > max(wanted.first, log_first) else "null"
        events = ",".join(samples[each] for each in shown)
        return (
            f'{{"stream":"{stream}","position":{position},"events":[{events}],"before":{before}}}'
        )

    async def actors(self, who: Principal) -> str:
        """Return the actors of the changes in the log as JSON."""
        if who.rows is not None:
            # A restricted principal must not learn who changes other rows.
            found = [{"name": who.subject, "changed_at": None}]
        else:
            found = (await self.database.one(log_queries.ACTORS, {"limit": MAX_ACTORS}))[0] or []
        return json.dumps({"actors": found}, ensure_ascii=False)

    async def _placed(self, wanted: ActivityQuery) -> tuple[ActivityQuery, int]:
        """Return the query, its times turned into positions, and the first position to examine."""
        times = [
            None if time is None else time + margin
            for time, margin in ((wanted.since, -TIME_MARGIN), (wanted.until, TIME_MARGIN))
        ]
        given = [time for time in times if time is not None]
        if not given:
            return wanted, wanted.after + 1
        statement = SQL(log_queries.POSITIONS_AT).format(
            log=log_queries.LOG, search=log_queries.SEARCH
        )
        found = list((await self.database.one(statement, {"times": given}))[0])
        begin = wanted.after + 1 if wanted.since is None else max(wanted.after + 1, found.pop(0))
        before = wanted.before if wanted.until is None else min(wanted.before, found.pop(0))
        return wanted.model_copy(update={"before": before}), begin

    async def _groups(self, asked: _Asked) -> tuple[Span, int]:
        """Return groups and the position at which the page ends; later groups belong to it."""
        limit = asked.wanted.limit
        # The events of one actor are scattered over the log, so PostgreSQL reads a block for each.
        first, *larger = SPANS if asked.wanted.actor is None else SPANS[:-1]
        span = await self._read(asked, first)
        end = page_end(span, limit)
        for size in larger:
            found = sum(group.last >= end for group in span.groups)
            if span.is_whole or found >= max(1, limit // 5):
                break
            async with self._long_reads:
                span = await self._read(asked, size)
            end = page_end(span, limit)
        if any(group.first < end <= group.last for group in span.groups):
            # Groups overlap everywhere, so the page cuts some: read only the parts on this page.
            async with self._long_reads:
                span = await self._read(asked, larger[-1], low=end)
        return span, end

    async def _read(self, asked: _Asked, size: int, *, low: int = 0) -> Span:
        catalog, wanted, who = asked.catalog, asked.wanted, asked.who
        values: Values = {
            "before": wanted.before,
            "size": size,
            "low": max(asked.begin, low),
            "since": wanted.since,
            "until": wanted.until,
            "actor": wanted.actor,
            "operations": wanted.operation or None,
            "pause": PAUSE,
            "max_groups": MAX_GROUPS,
            "sample": SAMPLE_EVENTS,
        }
        visible = may_be_visible(catalog.schema, who.rows, values, certain=True)
        lowest = (
            log_queries.ACTIVITY_LOWEST
            if wanted.actor is None
            else log_queries.ACTIVITY_LOWEST_OF_ACTOR
        )
        statement = SQL(log_queries.ACTIVITY).format(
            log=log_queries.LOG,
            visible=visible,
            wanted=_conditions(wanted),
            lowest=lowest,
            **_alike(who),
        )
        *of_log, groups = await self.database.one(statement, values)
        stream, position, log_first, log_since, low, low_at = of_log
        begin = max(asked.begin, log_first)
        found = [_group(each) for each in groups or ()]
        return Span(stream, position, log_first, log_since, begin, low, low_at, found)

    async def _samples(
        self, catalog: Description, positions: Sequence[int], who: Principal
    ) -> dict[int, str]:
        """Return events as JSON texts, by position; at most SAMPLE_BYTES bytes in all."""
        values: Values = {"positions": positions, "max_bytes": SAMPLE_BYTES}
        rendered: str = (await self.database.one(log_queries.ACTIVITY_SAMPLES, values))[0]
        if who.rows is not None:
            return dict(await log.seen(rendered, catalog, who))
        return await asyncio.to_thread(_by_position, rendered)


def page_end(span: Span, limit: int) -> int:
    """Return the position at which a page of about ``limit`` groups ends, if possible between two.

    Groups overlap where several kinds of changes are made at the same time. A group at the lower
    end of the span may have earlier events. It is left to the next page, which sees all of them.
    """
    end = first = None
    for number, group in enumerate(span.groups):
        if first is not None and group.last < first:
            end = first
            if number >= limit:
                return end
        if _may_begin_earlier(group, span):
            break
        first = group.first if first is None else min(first, group.first)
    else:
        if len(span.groups) < MAX_GROUPS:
            return span.low
    if end is None and len(span.groups) > 2 * limit:
        return span.groups[limit - 1].last
    return span.low if end is None else end


def _conditions(wanted: ActivityQuery) -> Composable:
    """Return the query's conditions on time and actor."""
    conditions = {
        "changed_at >= %(since)s": wanted.since,
        "changed_at < %(until)s": wanted.until,
        "actor = %(actor)s": wanted.actor,
    }
    return all_of([SQL(text) for text, value in conditions.items() if value is not None])


def _alike(who: Principal) -> Mapping[str, SQL]:
    """Return the SQL expressions whose values the events of a group have in common."""
    # The holder of a restricted token must not learn who changed which columns of other rows.
    return log_queries.ACTIVITY_KIND if who.rows is None else log_queries.ACTIVITY_SCOPED_KIND


def _may_begin_earlier(group: Group, span: Span) -> bool:
    if span.is_whole or span.low_at is None:
        return False
    minute = group.began_at.replace(second=0, microsecond=0)
    return span.low_at >= minute and group.began_at - span.low_at < PAUSE


def _group(row: dict[str, Any]) -> Group:
    positions = tuple(row.pop("positions"))
    return Group(row["first"], row["last"], datetime.fromisoformat(row["began_at"]), positions, row)


def _by_position(events: str) -> dict[int, str]:
    return {
        each.event["position"]: each.text
        for each in open_events(events.encode(errors="surrogateescape"))
    }


def _rendered(group: Group, samples: Mapping[int, str]) -> str:
    sample = ",".join(samples[each] for each in group.positions if each in samples)
    return f'{json.dumps(group.shown, ensure_ascii=False)[:-1]},"sample":[{sample}]}}'
