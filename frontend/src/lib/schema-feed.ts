/** The schema of the page: loaded once, and again when the gateway announces another version. */
import { backoffMs } from "./backoff";
import { request } from "./http";
import { Observable } from "./observable";
import { ORDERS, SchemaDocument } from "./protocol";
import { OrderSchema } from "./schema";

const MOST_TRIES = 8;

export class SchemaFeed {
  readonly state = new Observable(OrderSchema.EMPTY);

  #announced: string | null = null;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Load the schema unless it is known. */
  async ensure(signal: AbortSignal): Promise<void> {
    if (this.state.get() === OrderSchema.EMPTY) await this.#load(signal);
  }

  /** The gateway announced this version. The API may read it a moment later. */
  announce(version: string): void {
    this.#announced = version;
    this.#tries = 0;
    this.#catchUp();
  }

  stop(): void {
    this.#announced = null;
    clearTimeout(this.#retry);
  }

  #catchUp(): void {
    clearTimeout(this.#retry);
    const { version } = this.state.get();
    if (this.#announced === null || this.#announced === version || version === "") return;
    this.#load()
      .catch(() => undefined)
      .finally(() => {
        if (this.#tries === MOST_TRIES) return;
        this.#retry = setTimeout(() => this.#catchUp(), backoffMs(this.#tries++));
      });
  }

  async #load(signal?: AbortSignal): Promise<void> {
    const document = await request(SchemaDocument, "/api/schema", signal && { signal });
    const { version, tables } = document;
    if (version === this.state.get().version) return;
    const orders = tables.find(({ name }) => name === ORDERS);
    this.state.set(orders ? new OrderSchema(version, orders) : OrderSchema.withoutOrders(version));
  }
}
