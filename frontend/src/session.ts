/** An open page's connection to the system: the socket, and the stores that it feeds. */
import { listEventsBefore } from "@/features/activity/api/list-events";
import {
  type ActivityLog,
  EMPTY_LOG,
  logBreak,
  logEvents,
} from "@/features/activity/model/activity-log";
import { listOrders } from "@/features/orders/api/list-orders";
import type { OrderFilter } from "@/features/orders/model/order-filter";
import { OrdersFeed } from "@/features/orders/model/orders-feed";
import { FrameBatch } from "@/lib/frame-batch";
import { LiveSocket } from "@/lib/live-socket";
import { Observable } from "@/lib/observable";
import type { OrderEvent, OrdersPage } from "@/lib/protocol";

const HISTORY_EVENTS = 50;

export class Session {
  readonly orders: OrdersFeed;
  readonly activity = new Observable<ActivityLog>(EMPTY_LOG);
  readonly socket: LiveSocket;

  readonly #batch = new FrameBatch<OrderEvent>((events) => {
    this.orders.receive(events);
    this.activity.set(logEvents(this.activity.get(), events));
  });

  constructor(filter: OrderFilter) {
    this.orders = new OrdersFeed({
      filter,
      fetchPage: listOrders,
      onSnapshot: (page) => this.#follow(page),
    });
    this.socket = new LiveSocket({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
      onEvents: (events) => this.#batch.push(events),
      onReset: (reason) => this.#startOver(reason),
    });
  }

  start(): void {
    this.orders.reload();
    addEventListener("online", this.#wake);
    addEventListener("pageshow", this.#wake);
    document.addEventListener("visibilitychange", this.#wake);
  }

  stop(): void {
    removeEventListener("online", this.#wake);
    removeEventListener("pageshow", this.#wake);
    document.removeEventListener("visibilitychange", this.#wake);
    this.orders.stop();
    this.socket.stop();
    this.#batch.clear();
  }

  #follow(page: OrdersPage): void {
    const { stream, phase } = this.socket.state.get();
    if (phase !== "idle" && stream === page.stream) return;
    this.#batch.clear();
    this.socket.start(page);
    void this.#recall(page);
  }

  /** Show what happened before the page was opened. */
  async #recall({ position }: OrdersPage): Promise<void> {
    try {
      const { events } = await listEventsBefore(position, HISTORY_EVENTS);
      const seen = this.activity.get().position;
      if (seen <= position) this.activity.set(logEvents(EMPTY_LOG, events));
    } catch (error) {
      console.warn("Earlier activity could not be loaded.", error);
    }
  }

  #startOver(reason: string): void {
    const { position } = this.socket.state.get();
    this.#batch.clear(); // the snapshot will show what they did
    this.activity.set(logBreak(this.activity.get(), reason, position ?? 0));
    this.orders.reload();
  }

  readonly #wake = (): void => {
    if (document.visibilityState === "visible") this.socket.wake();
  };
}
