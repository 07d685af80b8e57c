// A program written with the TypeScript SDK: prints what it shows, or every event, as lines of JSON.
import { connect, EventsLostError, toJson } from "real-time-orders";

const { gateways, api, token, isWebSocket, table, options, restartsAfter } = JSON.parse(
  process.argv[2],
);
const print = (line) => process.stdout.write(`${toJson(line)}\n`);

// There is no edge: requests go to the API, and connections to each gateway in turn.
let attempts = 0;
const moved = (address) => {
  const { pathname, search } = new URL(address);
  if (pathname.startsWith("/api/")) return `${api}${pathname}${search}`;
  return `${gateways[attempts++ % gateways.length]}${pathname}${search}`;
};
class MovedWebSocket extends WebSocket {
  constructor(address) {
    super(moved(address).replace(/^http/, "ws"));
  }
}
const live = connect({
  url: api,
  token: () => token,
  fetch: (address, init) => fetch(moved(address), init),
  WebSocket: isWebSocket ? MovedWebSocket : undefined,
});

function show() {
  const shown = live.table(table, options);
  let timer;
  const report = () => {
    timer = undefined;
    if (live.waiting > 0) reportSoon();
    const { stream, position, phase } = live.connection.get();
    const isRight = phase === "live" && shown.state.phase === "live" && live.waiting === 0;
    const schema = live.schema.state.get()?.version ?? "";
    print({ stream, position: isRight ? position : -1, schema, rows: shown.rows });
  };
  const reportSoon = () => {
    timer ??= setTimeout(report, 50);
  };
  for (const source of [live.connection, shown, live.schema.state]) source.subscribe(reportSoon);
}

async function consume() {
  let place = null;
  for (;;) {
    let taken = 0;
    try {
      // At first from the beginning, not from now: it may connect late.
      const from = { after: place?.position ?? 0, stream: place?.stream };
      for await (const event of live.events(from)) {
        place = { stream: event.stream, position: event.position };
        print({ event });
        if (++taken === restartsAfter) break;
      }
    } catch (error) {
      if (!(error instanceof EventsLostError)) throw error;
      place = error.place;
      print({ lost: error.reason, place });
    }
  }
}

if (table) show();
else await consume();
