/** A page's connection to the system: the socket, and the stores that it feeds. */
import {
  type ChangeEvent,
  Connection,
  FrameBatch,
  Observable,
  ORDERS,
  type Phase,
  SchemaFeed,
} from "real-time-orders";
import { getMe } from "@/features/access/api/get-me";
import { listGroups } from "@/features/activity/api/list-groups";
import { ActivityFeed } from "@/features/activity/model/activity-feed";
import { Progress } from "@/features/connection/model/progress";
import { countOrders, listOrders } from "@/features/orders/api/orders";
import { countEvents, openCounts, type OrderCounts } from "@/features/orders/model/order-counts";
import {
  EVERYTHING,
  type OrderFilter,
  type OrderView,
  restMatcherOf,
  toQuery,
} from "@/features/orders/model/order-filter";
import { OrdersFeed } from "@/features/orders/model/orders-feed";
import { getPulse } from "@/features/pulse/api/get-pulse";
import { openPulse, type Pulse, pulseOn } from "@/features/pulse/model/pulse";
import { Announcer } from "@/lib/announcer";
import { Followed } from "@/lib/followed";
import { api, apiTrouble } from "@/lib/http";
import { type CountsPage, type OrdersPage, type PulsePage } from "@/lib/protocol";
import { orderEvent } from "@/lib/row";
import { OrderSchema } from "@/lib/schema";

const SLEEP_CHECK_MS = 5000;
const SLEPT_MS = 20_000;
const CLOCK_FIRST_MS = 3000;
const CLOCK_EVERY_MS = 300_000;

export type EventsListener = (events: readonly ChangeEvent[], complete: boolean) => void;

interface Received {
  readonly event: ChangeEvent;
  readonly conflated: boolean;
}

export class Session {
  readonly schema = new Observable(OrderSchema.EMPTY);
  readonly orders: OrdersFeed;
  readonly activity = new ActivityFeed(listGroups);
  readonly socket: Connection;
  readonly progress: Progress;
  readonly announcer = new Announcer();
  /** Counts of all orders. */
  readonly counts: Followed<CountsPage, OrderCounts>;
  /** Counts of the orders that match the table's filter, whatever their status. */
  readonly matching: Followed<CountsPage, OrderCounts>;
  readonly pulse: Followed<PulsePage, Pulse>;
  readonly filter: Observable<OrderFilter>;

  readonly #tables = new SchemaFeed(api);
  readonly #listeners = new Set<EventsListener>();
  readonly #batch = new FrameBatch<Received>((received) => this.#deliver(received));
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #phase: Phase = "idle";
  #apiWasWell = true;
  #unsubscribe: (() => void) | null = null;

  constructor({ filter, sort }: OrderView) {
    this.filter = new Observable(filter);
    this.#tables.state.subscribe(() => this.schema.set(OrderSchema.of(this.#tables.state.get())));
    this.orders = new OrdersFeed({
      filter,
      sort,
      fetchPage: async (filter, request) => {
        await this.#tables.ensure(request.signal);
        const schema = this.schema.get();
        if (schema.hasOrders) return listOrders(toQuery(filter, schema), schema.key, request);
        const { stream, position } = await getPulse(request.signal);
        return { stream, position, orders: [], next_cursor: null };
      },
      schema: this.schema.get,
      onSnapshot: (page) => this.#follow(page),
    });
    this.socket = new Connection({
      api,
      onEvents: (events, conflated) => {
        this.progress.received(events.at(-1)?.position);
        this.#batch.push(events.map((event) => ({ event: orderEvent(event), conflated })));
      },
      onReset: () => this.#startOver(),
      onSchema: (version) => this.#tables.announce(version),
    });
    this.progress = new Progress(this.socket.state);
    this.counts = this.#counted(() => EVERYTHING);
    this.matching = this.#counted(this.filter.get);
    this.pulse = new Followed({
      fetch: this.#timed(getPulse),
      open: openPulse,
      apply: pulseOn,
    });
  }

  start(): void {
    this.orders.reload();
    addEventListener("online", this.#wake);
    addEventListener("offline", this.#checkSocket);
    addEventListener("pageshow", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
    // Timers stand still while the machine sleeps, so a late one shows that it slept.
    let checked = Date.now();
    const watch = setInterval(() => {
      const slept = Date.now() - checked > SLEPT_MS;
      checked = Date.now();
      if (slept) this.#wake();
      if (this.progress.clock.estimate === null) this.counts.reload(); // a clock was set
    }, SLEEP_CHECK_MS);
    // After the start answers are faster, and so tell the database's time more exactly.
    const quiet = setTimeout(() => this.counts.reload(), CLOCK_FIRST_MS);
    const again = setInterval(() => this.counts.reload(), CLOCK_EVERY_MS);
    this.#timers.push(watch, quiet, again);
    this.socket.state.subscribe(this.#comeBack);
    this.schema.subscribe(this.#followSchema);
    this.#unsubscribe = apiTrouble.subscribe(this.#awaitApi);
  }

  stop(): void {
    removeEventListener("online", this.#wake);
    removeEventListener("offline", this.#checkSocket);
    removeEventListener("pageshow", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    for (const timer of this.#timers) clearInterval(timer);
    this.#unsubscribe?.();
    this.#tables.stop();
    this.orders.stop();
    this.activity.stop();
    this.counts.stop();
    this.matching.stop();
    this.pulse.stop();
    this.progress.stop();
    this.announcer.stop();
    this.socket.stop();
    this.#batch.clear();
  }

  setFilter(filter: OrderFilter): void {
    const before = this.filter.get();
    this.filter.set(filter);
    this.orders.setFilter(filter);
    if (before.customer !== filter.customer || before.search !== filter.search) {
      this.matching.restart();
    }
  }

  /** Get every event; `complete` is false where some may be missing. */
  readonly listen = (listener: EventsListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #follow(page: OrdersPage): void {
    const { stream, phase } = this.socket.state.get();
    if (phase !== "idle" && stream === page.stream) return;
    this.#batch.clear();
    this.progress.begin(page.position);
    this.socket.start(page);
    this.activity.restart();
    this.#recount();
  }

  #deliver(received: readonly Received[]): void {
    const events = received.map(({ event }) => event);
    const conflated = received.some((item) => item.conflated);
    const ofOrders = events.filter(({ table }) => table === ORDERS);
    this.orders.receive(ofOrders);
    this.counts.receive(ofOrders, conflated);
    this.matching.receive(ofOrders, conflated);
    this.pulse.receive(events, conflated);
    this.activity.receive(events, conflated);
    this.announcer.receive(events);
    this.progress.applied(events, this.#batch.waiting === 0 && !conflated);
    for (const listener of this.#listeners) listener(events, !conflated);
  }

  #startOver(): void {
    const { position } = this.socket.state.get();
    this.#batch.clear(); // the snapshot will show their effects
    this.progress.begin(position ?? 0);
    this.activity.reload();
    this.orders.reload();
    this.#recount();
    for (const listener of this.#listeners) listener([], false);
  }

  /** Another schema: rows may have gained, lost or renamed columns without an event. */
  readonly #followSchema = (): void => {
    if (!this.orders.state.get().loaded) return;
    this.orders.reload();
    this.#recount();
  };

  #counted(filter: () => OrderFilter): Followed<CountsPage, OrderCounts> {
    const schema = this.schema.get;
    return new Followed({
      fetch: this.#timed(async (signal) =>
        schema().hasOrders
          ? countOrders(toQuery({ ...filter(), status: null }, schema()), signal)
          : { ...(await getPulse(signal)), counts: {} },
      ),
      open: openCounts,
      apply: (counts, events) =>
        countEvents(counts, events, schema(), restMatcherOf(filter(), schema())),
    });
  }

  #recount(): void {
    this.counts.reload();
    this.matching.reload();
    this.pulse.reload();
  }

  /** Every answer that carries the database's time also sets the clock. */
  #timed<Page extends { time: string; position: number }>(
    fetch: (signal: AbortSignal) => Promise<Page>,
  ): (signal: AbortSignal) => Promise<Page> {
    return async (signal) => {
      const askedAt = Date.now();
      const page = await fetch(signal);
      this.progress.clock.sample(askedAt, Date.now(), page.time);
      this.progress.heard(page.position);
      return page;
    };
  }

  /** After a reconnection: request the head position, to show how many events are missing. */
  readonly #comeBack = (): void => {
    const { phase } = this.socket.state.get();
    const before = this.#phase;
    this.#phase = phase;
    if (phase === "live" && before === "connecting" && this.progress.state.get().shown > 0) {
      this.counts.reload();
    }
  };

  /**
   * Find out whether the API answers, with the cheapest request. An API that answered that it cannot
   * serve is well again only when a request that needs the database succeeds.
   */
  readonly askApi = (): void => {
    if (apiTrouble.get()?.answered) this.counts.reload();
    else getMe().catch(() => undefined);
  };

  /** An idle page sends no requests: repeat one until the API is back. */
  readonly #awaitApi = (): void => {
    const well = apiTrouble.get() === null;
    if (this.#apiWasWell && !well) this.counts.reload();
    this.#apiWasWell = well;
  };

  readonly #checkSocket = (): void => this.socket.wake();

  readonly #wake = (): void => {
    if (document.visibilityState === "visible") this.socket.wake();
  };
}
