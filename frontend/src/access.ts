/** Who uses this page: asked for at the start, and again when a token no longer counts. */
import { getMe } from "@/features/access/api/get-me";
import { viewFromQuery } from "@/features/orders/model/order-view";
import { hasToken, restoreToken, setToken, whenRefused } from "@/lib/credentials";
import { apiTrouble, RefusedError } from "@/lib/http";
import { Observable } from "@/lib/observable";
import type { Me } from "@/lib/protocol";
import { Session } from "./session";

export type AccessState =
  | { readonly kind: "asking" }
  | { readonly kind: "out"; readonly reason: string | null }
  /** Without `me` the API could not say; the page shows that it is away until it does. */
  | { readonly kind: "in"; readonly me: Me | null; readonly session: Session };

export class Access {
  readonly state = new Observable<AccessState>({ kind: "asking" });
  readonly #forget: () => void;

  /** `forget` drops whatever is remembered of the one who leaves. */
  constructor(forget: () => void) {
    this.#forget = forget;
  }

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

  /** Throws what the API says if the token does not count. */
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

  /** The API is back: who came while it was away is asked for anew. */
  async #recognise(): Promise<void> {
    const isNobody = () => {
      const state = this.state.get();
      return state.kind === "in" && state.me === null;
    };
    if (apiTrouble.get() !== null || !isNobody()) return;
    try {
      const me = await getMe();
      if (isNobody()) this.#enter(me);
    } catch {
      // It has gone again, and will be back; or nobody may come in without a token.
    }
  }

  #enter(me: Me | null): void {
    this.#stop();
    const session = new Session(viewFromQuery(new URLSearchParams(location.search)), {
      byTicket: me === null ? hasToken() : me.mode === "token",
      onUnauthorized: () => this.signOut("Your sign-in has ended."),
    });
    session.start();
    this.state.set({ kind: "in", me, session });
  }

  #leave(reason: string | null): void {
    this.#stop();
    setToken(null);
    this.#forget();
    this.state.set({ kind: "out", reason });
  }

  #stop(): void {
    const state = this.state.get();
    if (state.kind === "in") state.session.stop();
  }
}
