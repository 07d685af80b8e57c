/** The user of the page: requested at the start, and again when a token is no longer valid. */
import { Observable, RefusedError } from "real-time-orders";
import { getMe } from "@/features/access/api/get-me";
import { viewFromQuery } from "@/features/orders/model/order-filter";
import { restoreToken, setToken, whenRefused } from "@/lib/credentials";
import { apiTrouble } from "@/lib/http";
import type { Me } from "@/lib/protocol";
import { Session } from "./session";

export type AccessState =
  | { readonly kind: "asking" }
  | { readonly kind: "out"; readonly reason: string | null }
  /** `me` is null while the API does not answer; the page shows that. */
  | { readonly kind: "in"; readonly me: Me | null; readonly session: Session };

export class Access {
  readonly state = new Observable<AccessState>({ kind: "asking" });

  async start(): Promise<void> {
    restoreToken();
    whenRefused(() => this.signOut("Your sign-in has ended."));
    try {
      this.#enter(await getMe());
    } catch (error) {
      if (error instanceof RefusedError && error.status === 401) this.#leave(null);
      else this.#enter(null);
    }
    apiTrouble.subscribe(() => void this.#recognise());
  }

  /** Throws the API's error if the token is not valid. */
  async signIn(token: string): Promise<void> {
    setToken(token);
    try {
      this.#enter(await getMe());
    } catch (error) {
      setToken(null);
      throw error;
    }
  }

  signOut(reason: string | null = null): void {
    if (this.state.get().kind === "in") this.#leave(reason);
  }

  /** The API is back: request the user of a page that was opened while it was away. */
  async #recognise(): Promise<void> {
    const isUnknown = () => {
      const state = this.state.get();
      return state.kind === "in" && state.me === null;
    };
    if (apiTrouble.get() !== null || !isUnknown()) return;
    try {
      const me = await getMe();
      if (isUnknown()) this.#enter(me);
    } catch {
      // The API is away again, or asks for a token: the next answer decides.
    }
  }

  #enter(me: Me | null): void {
    this.#stop();
    const session = new Session(viewFromQuery(new URLSearchParams(location.search)));
    session.start();
    this.state.set({ kind: "in", me, session });
  }

  #leave(reason: string | null): void {
    this.#stop();
    setToken(null);
    this.state.set({ kind: "out", reason });
  }

  #stop(): void {
    const state = this.state.get();
    if (state.kind === "in") state.session.stop();
  }
}
