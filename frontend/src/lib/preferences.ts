/**
 * The user's choices for the page. The browser keeps a copy, so that the first view is right. For a
 * signed-in user the API keeps them too, for use in other browsers.
 */
import { Observable } from "real-time-orders";
import { send } from "./http";
import type { Shape } from "./shape";
import { stored } from "./storage";

const SEND_AFTER_MS = 800;

/** One choice of the user; null: not chosen. */
export class Preference<T> {
  readonly state: Observable<T | null>;
  readonly #name: string;
  readonly #shape: Shape<T>;
  readonly #isSent: boolean;
  readonly #kept: ReturnType<typeof stored>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isChosen = false;

  constructor(name: string, shape: Shape<T>, subject: string) {
    this.#name = name;
    this.#shape = shape;
    this.#isSent = subject !== "";
    this.#kept = stored("local", `orders.${[subject, name].filter(Boolean).join(".")}`);
    this.state = new Observable<T | null>(this.#read(this.#kept.get()));
  }

  set(value: T | null): void {
    this.#isChosen = true;
    this.state.set(value);
    this.#kept.set(value === null ? null : JSON.stringify(value));
    if (!this.#isSent) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#send(value), SEND_AFTER_MS);
  }

  /**
   * Loads a choice that may have been made in another browser. A choice made here meanwhile takes
   * precedence.
   */
  async load(): Promise<void> {
    if (!this.#isSent) return;
    try {
      const text = await (await send(this.#path)).text();
      if (this.#isChosen || text === this.#kept.get()) return;
      this.state.set(this.#read(text));
      this.#kept.set(text === "null" ? null : text);
    } catch {
      // Keep the local copy. The page shows elsewhere that the API cannot be reached.
    }
  }

  get #path(): string {
    return `/api/preferences/${encodeURIComponent(this.#name)}`;
  }

  /** Sends a choice. If that fails, the choice stays in this browser until the next one is sent. */
  async #send(value: T | null): Promise<void> {
    const headers = { "Content-Type": "application/json" };
    const init = { method: "PUT", headers, body: JSON.stringify(value), keepalive: true };
    await send(this.#path, init).catch(() => undefined);
  }

  #read(text: string | null): T | null {
    try {
      return text === null ? null : (this.#shape(JSON.parse(text)) ?? null);
    } catch {
      return null;
    }
  }
}

export type KeptPreference<T> = Pick<Preference<T>, "state" | "set">;

export class Preferences {
  readonly #subject: string;
  readonly #known = new Map<string, Preference<unknown>>();

  /** `subject` is the signed-in user; empty if nobody is signed in. */
  constructor(subject = "") {
    this.#subject = subject;
  }

  of<T>(name: string, shape: Shape<T>): Preference<T> {
    const known = this.#known.get(name) as Preference<T> | undefined;
    if (known) return known;
    const preference = new Preference(name, shape, this.#subject);
    this.#known.set(name, preference);
    void preference.load();
    return preference;
  }
}
