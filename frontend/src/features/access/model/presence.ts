/** Tells the API, at most once per minute, that the user is active. */
import { stay } from "../api/session";

const EVERY_MS = 60_000;

export class Presence {
  #toldAt = Date.now();

  start(): void {
    addEventListener("pointerdown", this.#note);
    addEventListener("keydown", this.#note);
  }

  stop(): void {
    removeEventListener("pointerdown", this.#note);
    removeEventListener("keydown", this.#note);
  }

  readonly #note = (): void => {
    if (Date.now() - this.#toldAt < EVERY_MS) return;
    this.#toldAt = Date.now();
    stay().catch(() => undefined); // the next input tries again
  };
}
