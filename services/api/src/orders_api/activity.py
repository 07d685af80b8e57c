"""The log as people read it: bursts of like changes, each counted as one group.

A group is a burst: changes of one table by one operation and actor that differ in the same columns,
less than two seconds apart, within one minute of the clock. The rule needs no starting point, so a
page finds the same groups wherever it begins, and clients add live events to them by the same rule.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from psycopg.sql import SQL

from orders_access.principal import ANYONE, Principal
from orders_api import log, queries
from orders_api.catalog import Description
from orders_api.conditions import Values
from orders_api.database import Database
from orders_api.event_scope import may_be_visible
from orders_api.models import ActivityQuery
from orders_contract.events import open_events

PAUSE = timedelta(seconds=2)
"""A longer pause ends a group."""

SPANS = (2_000, 20_000, 100_000)
"""How many events are examined for a page: more if the first ones make too few groups."""

MAX_GROUPS = 1000
SAMPLE_EVENTS = 7
"""A group of at most so many events comes with all of them, a larger one with its newest."""
SAMPLE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Group:
    """A burst. ``shown`` is what the API tells of it, ``positions`` those of its sample."""

    first: int
    last: int
    began_at: datetime
    positions: tuple[int, ...]
    shown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Span:
    """The groups of the events from ``low`` on, newest first; at most MAX_GROUPS of them.

    ``low_at`` is the time of the event at ``low``; ``log_first`` the first position of the log.
    """

    stream: str
    position: int
    log_first: int
    low: int
    low_at: datetime | None
    groups: Sequence[Group]

    @property
    def is_whole(self) -> bool:
        """Whether the log has no earlier events."""
        return self.low <= self.log_first


@dataclass(frozen=True, slots=True)
class Activity:
    """Reads groups from ``order_events``, newest first."""

    database: Database
    _long_reads: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """Examining 100,000 events takes PostgreSQL some tenths of a second: one request at a time."""

    async def page(
        self, catalog: Description, wanted: ActivityQuery, who: Principal = ANYONE
    ) -> str:
        """Return a page of groups as the API renders it."""
        span, end = await self._groups(catalog, wanted, who)
        groups = [group for group in span.groups if group.first >= end]
        samples = await self._samples(catalog, groups, who)
        before = "null" if end <= span.log_first else end
        shown = ",".join(_rendered(group, samples) for group in groups)
        return (
            f'{{"stream":"{span.stream}","position":{span.position},'
            f'"groups":[{shown}],"before":{before}}}'
        )

    async def _groups(
        self, catalog: Description, wanted: ActivityQuery, who: Principal
    ) -> tuple[Span, int]:
        """Return groups, and the position from which on they are the page."""
        span = await self._read(catalog, wanted, who, SPANS[0])
        end = page_end(span, wanted.limit)
        for size in SPANS[1:]:
            found = sum(group.last >= end for group in span.groups)
            if span.is_whole or found >= max(1, wanted.limit // 5):
                break
            async with self._long_reads:
                span = await self._read(catalog, wanted, who, size)
            end = page_end(span, wanted.limit)
        if any(group.first < end <= group.last for group in span.groups):
            # Groups overlap everywhere: count the parts of them that are on this page.
            async with self._long_reads:
                span = await self._read(catalog, wanted, who, SPANS[-1], low=end)
        return span, end

    async def _read(
        self,
        catalog: Description,
        wanted: ActivityQuery,
        who: Principal,
        size: int,
        *,
        low: int = 0,
    ) -> Span:
        values: Values = {
            "before": wanted.before,
            "size": size,
            "low": low,
            "operations": wanted.operation or None,
            "pause": PAUSE,
            "max_groups": MAX_GROUPS,
            "sample": SAMPLE_EVENTS,
        }
        visible = may_be_visible(catalog.schema, who.rows, values, certain=True)
        # The holder of a restricted token must not learn who changed which columns of other rows.
        differs = queries.ACTIVITY_KIND if who.rows is None else queries.ACTIVITY_SCOPED_KIND
        statement = SQL(queries.ACTIVITY).format(visible=visible, **differs)
        *of_log, groups = await self.database.one(statement, values)
        stream, position, log_first, low, low_at = of_log
        found = [_group(each) for each in groups or ()]
        return Span(stream, position, log_first, low, low_at, found)

    async def _samples(
        self, catalog: Description, groups: Sequence[Group], who: Principal
    ) -> dict[int, str]:
        """Return the texts of the events in the groups' samples, by position."""
        positions = [position for group in groups for position in group.positions]
        values: Values = {"positions": positions, "max_bytes": SAMPLE_BYTES}
        rendered: str = (await self.database.one(queries.ACTIVITY_SAMPLES, values))[0]
        if who.rows is not None:
            return dict(await log.seen(rendered, catalog, who))
        return await asyncio.to_thread(_by_position, rendered)


def page_end(span: Span, limit: int) -> int:
    """Return the position at which a page of about ``limit`` groups ends, if possible between two.

    Groups overlap where several kinds of changes are made at the same time. A group that is open at
    the span's lower end may have earlier events: it is left to the next page, which sees them all.
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
