/** The schema. It is loaded once, and again when the gateway announces another version. */
import { backoffMs } from "./backoff.ts";
import type { Api } from "./http.ts";
import { Observable } from "./observable.ts";
import { readSchema, type Schema, type Table } from "./schema.ts";

const MOST_TRIES = 8;

export class SchemaFeed {
  /** Null until the schema is loaded. */
  readonly state = new Observable<Schema | null>(null);

  readonly #api: Api;
  #announced: string | null = null;
  #tries = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  table(name: string): Table | undefined {
    return this.state.get()?.tables.find((table) => table.name === name);
  }

  /** Loads the schema unless it is loaded already. */
  async ensure(signal?: AbortSignal): Promise<void> {
    if (this.state.get() === null) await this.#load(signal);
  }

  /** Called when the gateway announces a version. The API may have this version a moment later. */
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
    const version = this.state.get()?.version;
    if (this.#announced === null || this.#announced === version || version === undefined) return;
    this.#load()
      .catch(() => undefined)
      .finally(() => {
        if (this.#tries === MOST_TRIES) return;
        this.#retry = setTimeout(() => this.#catchUp(), backoffMs(this.#tries++));
      });
  }

  async #load(signal?: AbortSignal): Promise<void> {
    const schema = await this.#api.request(readSchema, "/api/schema", signal && { signal });
    if (schema.version !== this.state.get()?.version) this.state.set(schema);
  }
}
