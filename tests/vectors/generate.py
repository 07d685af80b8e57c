"""Writes ``random.json``: random histories cut into frames, for clients in every language.

The rows that a case expects come from the history itself, not from a client.

    cd tests && ../.venv/bin/python -m vectors.generate
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from harness.histories import CONDITIONS, STREAM, History, histories
from orders_contract.filters import RowFilter
from orders_contract.matching import Selection, seen

CASES = 40
SEED = 18

Json = dict[str, Any]


def main() -> None:
    """Write the file: one line for each step."""
    cases: list[Json] = []
    rules = settings(
        max_examples=CASES,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @seed(SEED)
    @rules
    @given(st.data(), histories(min_size=4, max_size=12), st.none() | CONDITIONS)
    def draw(data: st.DataObject, history: History, wanted: Json | None) -> None:
        cases.append(_case(len(cases), data, history, wanted))

    draw()
    path = Path(__file__).with_name("random.json")
    path.write_text("[\n" + ",\n".join(map(_rendered, cases)) + "\n]\n", encoding="utf-8")


def _case(number: int, data: st.DataObject, history: History, wanted: Json | None) -> Json:
    matching = RowFilter.parse("orders", wanted or {}, None)
    start = data.draw(st.integers(0, history.head - 1))
    # A snapshot may show each row at a later moment than its position says.
    moments = [data.draw(st.integers(start, history.head)) for _ in range(4)]
    shown = [history.tables[at].get(key) for key, at in enumerate(moments, start=1)]
    case: Json = {"name": f"random {number}"}
    if wanted is not None:
        case |= {"tables": {"orders": wanted}, "subscribes": "by query"}
    rows = [row for row in shown if row and matching.matches(row)]
    case["snapshot"] = {"stream": STREAM, "position": start, "rows": {"orders": rows}}
    return case | {"steps": _steps(data, history, wanted, matching, start)}


def _steps(
    data: st.DataObject, history: History, wanted: Json | None, matching: RowFilter, start: int
) -> list[Json]:
    at = start
    steps = _connect(at, wanted)
    selection = Selection.parse(None if wanted is None else {"orders": wanted})
    while at < history.head:
        if data.draw(st.integers(0, 5)) == 0:
            steps += _connect(at, wanted)
        begin = data.draw(st.integers(max(0, at - 2), at))
        last = data.draw(st.integers(at + 1, history.head))
        visible = [seen(each, selection) for each in history.events[begin:last]]
        events = [each for each in visible if each is not None]
        then: Json = {"state": "live", "position": last, "proven": True}
        then["events"] = [each["position"] for each in events if each["position"] > at]
        if last == history.head:
            table = history.tables[last].values()
            then["rows"] = {"orders": [row for row in table if matching.matches(row)]}
        frame = {"type": "events", "first": begin + 1, "last": last, "events": events}
        steps.append({"take": frame, "then": then})
        at = last
    return steps


def _connect(position: int, wanted: Json | None) -> list[Json]:
    """Return the steps from a new connection until it is live."""
    query: Json = {"after": str(position), "stream": STREAM}
    hello = {"type": "hello", "gateway": "g", "stream": STREAM, "position": position}
    hello |= {"schema": "a", "heartbeat_seconds": 15.0}
    is_live = {"state": "live", "position": position}
    if wanted is None:
        return [{"connect": query}, {"take": hello, "then": is_live}]
    tables = {"orders": wanted}
    subscribed = {"type": "subscribed", "tables": tables, "position": position}
    return [
        {"connect": {**query, "subscribe": {"tables": tables}}},
        {"take": hello, "then": {**is_live, "state": "connecting"}},
        {"take": subscribed, "then": is_live},
    ]


def _rendered(case: Mapping[str, Any]) -> str:
    head = [f"   {_json(name)}: {_json(value)}" for name, value in case.items() if name != "steps"]
    steps = ",\n".join(f"    {_json(step)}" for step in case["steps"])
    return "  {\n" + ",\n".join([*head, f'   "steps": [\n{steps}\n   ]']) + "}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
