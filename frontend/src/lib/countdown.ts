/** A timer that can be held, as while the user reads what it would remove. It then starts anew. */
export class Countdown {
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #ms: number;
  readonly #onEnd: () => void;

  constructor(ms: number, onEnd: () => void) {
    this.#ms = ms;
    this.#onEnd = onEnd;
    this.hold(false);
  }

  hold(held: boolean): void {
    clearTimeout(this.#timer);
    if (!held) this.#timer = setTimeout(this.#onEnd, this.#ms);
  }

  stop(): void {
    this.hold(true);
  }
}
