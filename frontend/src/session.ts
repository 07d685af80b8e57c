/** The page's connection to the system, and the stores that it updates. */
import {
  connect,
  type EventsListener,
  type Id,
  type Live,
  Observable,
  ORDERS,
  type Phase,
} from "real-time-orders";
import { getMe } from "@/features/access/api/session";
import { listGroups } from "@/features/activity/api/list-groups";
import { ActivityFeed } from "@/features/activity/model/activity-feed";
import { type KeptVisits, VisitKeeper } from "@/features/activity/model/visit-keeper";
import type { Seen } from "@/features/activity/model/visits";
import { Progress } from "@/features/connection/model/progress";
import { countOrders } from "@/features/orders/api/orders";
import { AttentionCount } from "@/features/orders/model/attention-count";
import { countEvents, openCounts, type OrderCounts } from "@/features/orders/model/order-counts";
import {
  EVERYTHING,
  type OrderFilter,
  type OrderView,
  restMatcherOf,
  toQuery,
  withStatus,
} from "@/features/orders/model/order-filter";
import { OrdersFeed } from "@/features/orders/model/orders-feed";
import { SavedViews } from "@/features/orders/model/saved-views";
import { readAddress } from "@/features/orders/model/view-address";
import { getPulse } from "@/features/pulse/api/get-pulse";
import { openPulse, type Pulse, pulseOn } from "@/features/pulse/model/pulse";
import { Announcer } from "@/lib/announcer";
import { Followed } from "@/lib/followed";
import { isRelative } from "@/lib/conditions";
import { api, apiTrouble } from "@/lib/http";
import { onMidnight } from "@/lib/midnight";
import type { CountsPage, PulsePage } from "@/lib/protocol";
import { type Order, orderEvent } from "@/lib/row";
import { OrderSchema } from "@/lib/schema";

const CLOCK_CHECK_MS = 5000;
const CLOCK_FIRST_MS = 3000;
const CLOCK_EVERY_MS = 300_000;
const AGING_MS = 15_000;

export class Session {
  readonly live: Live;
  readonly schema = new Observable(OrderSchema.EMPTY);
  readonly orders: OrdersFeed;
  readonly activity = new ActivityFeed(listGroups, {
    now: () => this.#now(),
    visit: () => this.lastVisit(),
    stream: () => this.#stream,
  });
  readonly progress: Progress;
  readonly announcer = new Announcer();
  /** Counts of all orders by status. */
  readonly counts: Followed<CountsPage, OrderCounts>;
  /** Counts by status of the orders that match the table's filter, whatever their status. */
  readonly matching: Followed<CountsPage, OrderCounts>;
  readonly attention: AttentionCount;
  readonly pulse: Followed<PulsePage, Pulse>;
  readonly views = new SavedViews();

  readonly #listeners = new Set<EventsListener>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #phase: Phase = "idle";
  #stream: string | null = null;
  #apiWasWell = true;
  #unsubscribe: (() => void) | null = null;
  #visits: VisitKeeper | null = null;
  #stopDays: (() => void) | null = null;

  constructor(view: OrderView) {
    this.live = connect({ api, now: this.#now });
    this.live.schema.state.subscribe(() => {
      this.schema.set(OrderSchema.of(this.live.schema.state.get()));
    });
    this.orders = new OrdersFeed(this.live, this.schema, view);
    this.progress = new Progress(this.live.connection);
    this.counts = this.#counted(() => EVERYTHING);
    this.matching = this.#counted(() => this.#filter);
    this.attention = new AttentionCount(this.schema.get, this.#now);
    this.pulse = new Followed({
      fetch: this.#timed(getPulse),
      open: openPulse,
      apply: pulseOn,
    });
  }

  start(): void {
    this.live.connection.subscribe(this.#comeBack);
    this.live.listen(this.#deliver, (position) => this.progress.received(position));
    this.schema.subscribe(this.#followSchema);
    void this.#startViews();
    const clock = setInterval(() => {
      if (this.progress.clock.estimate === null) this.counts.reload(); // a clock was set
    }, CLOCK_CHECK_MS);
    // After the start answers arrive faster, so they give the database's time more exactly.
    const quiet = setTimeout(() => this.counts.reload(), CLOCK_FIRST_MS);
    const again = setInterval(() => this.counts.reload(), CLOCK_EVERY_MS);
    // Orders become late without an event.
    const aging = setInterval(() => {
      this.attention.reload();
      if (this.#filter.attention) this.matching.reload();
    }, AGING_MS);
    this.#timers.push(clock, quiet, again, aging);
    this.#unsubscribe = apiTrouble.subscribe(this.#awaitApi);
    this.#stopDays = onMidnight(this.#turnDay);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#unsubscribe?.();
    this.#stopDays?.();
    document.removeEventListener("visibilitychange", this.#lookAgain);
    this.live.close();
    this.orders.stop();
    this.activity.stop();
    this.counts.stop();
    this.matching.stop();
    this.attention.stop();
    this.pulse.stop();
    this.progress.stop();
    this.#visits?.stop();
    this.announcer.stop();
  }

  /** Shows the orders that the page's address names. */
  readonly openAddress = (): void => {
    const query = new URLSearchParams(location.search);
    const { view, saved } = readAddress(query, this.views.state.get().views);
    this.views.choose(saved);
    this.show(view);
  };

  /** If the address names a saved view, orders are loaded only after the views. */
  async #startViews(): Promise<void> {
    const isNamed = new URLSearchParams(location.search).has("view");
    if (!isNamed) this.orders.start();
    await this.#loadViews();
    if (isNamed) this.orders.start();
    document.addEventListener("visibilitychange", this.#lookAgain);
  }

  readonly #lookAgain = (): void => {
    if (document.visibilityState === "visible") void this.#loadViews();
  };

  async #loadViews(): Promise<void> {
    try {
      await this.views.load();
      this.openAddress();
    } catch {
      // Without views everything else works. They are loaded again when the user returns to the page.
    }
  }

  /** Stores how far the user has seen the changes. Returns a function that stops this. */
  keepVisits(kept: KeptVisits): () => void {
    const visits = new VisitKeeper(kept, () => {
      const { shown } = this.progress.state.get();
      if (this.#stream === null || shown === 0) return null;
      const at = new Date(this.#now()).toISOString();
      return { stream: this.#stream, position: shown, at };
    });
    this.#visits = visits;
    visits.start();
    return () => visits.stop();
  }

  /** Returns where the user's last visit ended. */
  readonly lastVisit = (): Seen | null => this.#visits?.last(this.#now()) ?? null;

  readonly show = (view: OrderView): void => {
    const before = this.#restOf(this.#filter);
    this.orders.setView(view);
    if (before !== this.#restOf(this.#filter)) this.matching.restart();
  };

  get #filter(): OrderFilter {
    return this.orders.state.get().filter;
  }

  /** Returns the filter without the status, which does not matter to the counts. */
  #restOf(filter: OrderFilter): string {
    const schema = this.schema.get();
    return toQuery(withStatus(filter, schema, null), schema).toString();
  }

  /** Called at midnight, when words for days mean other days. */
  readonly #turnDay = (): void => {
    const { when } = this.activity.state.get().filter;
    if (when === "today" || when === "yesterday") this.activity.restart();
    if (!isRelative(this.#filter.conditions)) return;
    this.orders.follow();
    this.matching.restart();
  };

  /** Returns an order of the list if it is loaded. */
  readonly known = (id: Id): Order | undefined => this.orders.get(id);

  /** Returns the database's time (epoch, ms). */
  readonly #now = (): number => Date.now() + this.progress.clock.offsetMs;

  /**
   * Adds a listener for all events; `complete` is false if some may be missing. Returns a function that
   * removes it.
   */
  readonly listen = (listener: EventsListener): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly #deliver: EventsListener = (received, complete) => {
    if (received.length === 0) {
      this.#startOver();
      return;
    }
    const events = received.map(orderEvent);
    const ofOrders = events.filter(({ table }) => table === ORDERS);
    this.orders.receive(ofOrders);
    this.counts.receive(ofOrders, !complete);
    this.matching.receive(ofOrders, !complete);
    this.attention.receive(ofOrders, !complete);
    this.pulse.receive(events, !complete);
    this.activity.receive(events, !complete);
    this.announcer.receive(events);
    this.progress.applied(events, this.live.waiting === 0 && complete);
    for (const listener of this.#listeners) listener(events, complete);
  };

  /** Called when events were missed. The live table loads its rows by itself. */
  #startOver(): void {
    this.progress.begin(this.live.connection.get().position ?? 0);
    this.activity.reload();
    this.#recount();
    for (const listener of this.#listeners) listener([], false);
  }

  /** Called with another schema: rows may have gained or lost columns without an event. */
  readonly #followSchema = (): void => {
    if (this.#stream !== null) this.#recount();
  };

  #counted(filter: () => OrderFilter): Followed<CountsPage, OrderCounts> {
    const schema = this.schema.get;
    return new Followed({
      fetch: this.#timed(async (signal) =>
        schema().hasOrders
          ? countOrders(toQuery(withStatus(filter(), schema(), null), schema()), signal)
          : { ...(await getPulse(signal)), counts: {} },
      ),
      open: openCounts,
      apply: (counts, events) =>
        countEvents(counts, events, schema(), restMatcherOf(filter(), schema(), this.#now)),
    });
  }

  #recount(): void {
    this.counts.reload();
    this.matching.reload();
    this.attention.reload();
    this.pulse.reload();
  }

  /** Wraps a request whose answer contains the database's time, so that it also sets the clock. */
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

  readonly #comeBack = (): void => {
    const { phase, stream, position } = this.live.connection.get();
    const before = this.#phase;
    this.#phase = phase;
    if (stream !== null && stream !== this.#stream) {
      this.#stream = stream;
      this.progress.begin(position ?? 0);
      this.activity.restart();
      this.#recount();
    } else if (phase === "live" && before === "connecting") {
      this.counts.reload(); // shows how many events are missing
    }
  };

  /**
   * Checks whether the API answers, with the cheapest request. If the API last said that it cannot
   * serve, only a request that needs the database shows that it works again.
   */
  readonly askApi = (): void => {
    if (apiTrouble.get()?.answered) this.counts.reload();
    else getMe().catch(() => undefined);
  };

  /**
   * Called when the API stops or starts answering. An idle page sends no requests, so while the API is
   * away the page requests the counts, again and again until the API answers.
   */
  readonly #awaitApi = (): void => {
    const well = apiTrouble.get() === null;
    if (this.#apiWasWell && !well) this.counts.reload();
    this.#apiWasWell = well;
  };
}
