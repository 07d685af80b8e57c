/** Settings of the page's appearance: theme and density. */
import { Observable } from "real-time-orders";
import type { Preference, Preferences } from "@/lib/preferences";
import { object, oneOf, type Read } from "@/lib/shape";
import { showTheme, THEMES } from "@/lib/theme";

export const DENSITIES = ["comfortable", "compact"] as const;

const Look = object({ theme: oneOf(...THEMES), density: oneOf(...DENSITIES) });
type Look = Read<typeof Look>;
const USUAL: Look = { theme: "system", density: "comfortable" };

export class PageLook {
  readonly state = new Observable<Look>(USUAL);
  readonly #kept: Preference<Look>;

  constructor(preferences: Preferences) {
    this.#kept = preferences.of("page", Look);
    this.#kept.state.subscribe(this.#show);
    this.#show();
  }

  choose(change: Partial<Look>): void {
    this.#kept.set({ ...this.state.get(), ...change });
  }

  readonly #show = (): void => {
    this.state.set(this.#kept.state.get() ?? USUAL);
    showTheme(this.state.get().theme);
  };
}
