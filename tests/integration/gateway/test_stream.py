"""From a committed change to a WebSocket client."""

from contextlib import ExitStack
from typing import Any

from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from harness.follower import Follower
from harness.pipeline import Pipeline


def test_a_change_reaches_the_clients_of_every_gateway(pipeline: Pipeline) -> None:
    """I1: every client of every gateway gets one event for a committed change."""
    gateways = [pipeline.gateway(), pipeline.gateway()]
    pipeline.listener().ready()
    with pipeline.database.connect() as sql:
        followers = [Follower(gateway.ready().ws_url) for gateway in gateways]
        assert [follower.hello["position"] for follower in followers] == [0, 0]
        sql.execute(
            "INSERT INTO orders (customer_name, product_name) VALUES ('Zoë', '5\" \\ pipe')"
        )
        sql.execute("UPDATE orders SET status = 'shipped'")
        for follower in followers:
            inserted, updated = follower.until(2)
            assert inserted["operation"] == "INSERT"
            assert inserted["order"]["customer_name"] == "Zoë"
            assert updated["changed"] == {"status": "pending"}
            assert updated["order"]["version"] == 2
            follower.close()


def test_deflating_clients_get_the_same_events(pipeline: Pipeline) -> None:
    """A client with permessage-deflate gets every event, whenever it joins or subscribes."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    gateway.ready()
    with pipeline.database.connect() as sql, ExitStack() as open_:

        def write(orders: int) -> None:
            for _ in range(orders):
                sql.execute(
                    "INSERT INTO orders (customer_name, product_name) VALUES ('Zoë', 'Chair')"
                )

        def follow(**options: Any) -> Follower:
            return open_.enter_context(Follower(gateway.ws_url, **options))

        plain = follow()
        compressing = []
        for _ in range(3):
            compressing.append(follow(compression="deflate"))
            write(30)
            plain.until(len(compressing) * 30)
        compressing[0].send({"type": "subscribe", "filter": {"customer_name": ["Zoë"]}})
        compressing[1].send({"type": "ping"})
        write(30)
        compressing[0].send({"type": "subscribe"})
        write(30)
        events = plain.until(150)
        for number, client in enumerate(compressing):
            assert client.socket.protocol.extensions, "permessage-deflate was agreed"
            assert client.until(150) == events[number * 30 :]


def test_an_offer_that_limits_the_window_is_declined(pipeline: Pipeline) -> None:
    """The shared compressor needs a full window; a client that limits it gets plain frames."""
    gateway = pipeline.gateway()
    pipeline.listener().ready()
    offer = ClientPerMessageDeflateFactory(server_max_window_bits=10)
    with Follower(gateway.ready().ws_url, extensions=[offer]) as follower:
        assert not follower.socket.protocol.extensions
