/** The user of the page: requested at the start, and again when a session or token has ended. */
import { Observable, RefusedError } from "real-time-orders";
import {
  findMe,
  getMe,
  setUp,
  signInWith,
  signOut as endThisSession,
} from "@/features/access/api/session";
import { companyOutcome, type Reason, SIGNED_IN_PAGE } from "@/features/access/model/company";
import { Presence } from "@/features/access/model/presence";
import { viewFromQuery } from "@/features/orders/model/order-filter";
import { currentToken, restoreToken, setToken, whenRefused } from "@/lib/credentials";
import { apiTrouble } from "@/lib/http";
import type { Me } from "@/lib/protocol";
import { onTabNews, tellTabs } from "@/lib/tabs";
import { Session } from "./session";

export type AccessState =
  | { readonly kind: "asking" }
  | { readonly kind: "out"; readonly reason: Reason | null }
  /** The page was opened by a link that sets a password. */
  | { readonly kind: "set-up"; readonly link: string }
  /**
   * `me` is null while the API does not answer; the page shows that. Locked: the session has ended,
   * and everything waits behind a dialog for the same user.
   */
  | {
      readonly kind: "in";
      readonly me: Me | null;
      readonly session: Session;
      readonly locked: boolean;
    };

const SET_UP = "/set-up";

export class Access {
  readonly state = new Observable<AccessState>({ kind: "asking" });
  readonly #presence = new Presence();
  /** Requests that wait until a locked page is unlocked, or its user leaves. */
  #waiting: ((again: boolean) => void)[] = [];

  async start(): Promise<void> {
    if (location.pathname === SET_UP && location.hash !== "") {
      this.state.set({ kind: "set-up", link: location.hash.slice(1) });
      return;
    }
    const { signedIn, trouble } = companyOutcome();
    if (signedIn && location.pathname === SIGNED_IN_PAGE) {
      tellTabs("signed-in");
      close(); // the tab that opened this one goes on
      location.replace("/");
      return;
    }
    restoreToken();
    whenRefused(() => this.#refused());
    try {
      this.#enter(await findMe());
      if (signedIn) tellTabs("signed-in");
    } catch (error) {
      if (error instanceof RefusedError && error.status === 401) this.#leave(trouble);
      else this.#enter(null);
    }
    apiTrouble.subscribe(() => void this.#recognise());
    onTabNews((news) => void this.#hear(news));
  }

  /** Throws the API's error if name or password is wrong. */
  async signIn(name: string, password: string): Promise<void> {
    this.#arrive(await signInWith(name, password));
    tellTabs("signed-in");
  }

  /** Throws the API's error if the token is not valid. */
  async signInByToken(token: string): Promise<void> {
    setToken(token);
    try {
      this.#enter(await findMe());
    } catch (error) {
      setToken(null);
      throw error;
    }
  }

  /** Throws the API's error if the link or the password is not accepted. */
  async setUp(link: string, password: string): Promise<void> {
    await setUp(link, password);
    location.replace("/"); // the link is of no more use, and must not stay in the address
  }

  /** A new session of the same user: the password was changed. */
  renew(me: Me): void {
    this.#arrive(me);
    tellTabs("signed-in");
  }

  /** End the session everywhere, or forget the token. */
  async signOut(): Promise<void> {
    const state = this.state.get();
    if (state.kind !== "in") return;
    let next: string | null = null;
    if (hasSession(state.me)) {
      try {
        next = await endThisSession();
      } catch (error) {
        // Refused: it has ended already. Otherwise it goes on, and the page says that the API is away.
        if (!(error instanceof RefusedError)) return;
      }
      tellTabs("signed-out");
    }
    this.#leave(null);
    if (next !== null) location.assign(next);
  }

  async #hear(news: "signed-in" | "signed-out"): Promise<void> {
    const state = this.state.get();
    if (currentToken() !== null) return; // this tab has a user of its own
    if (news === "signed-out") {
      if (state.kind === "in" && hasSession(state.me)) this.#leave(null); // on purpose: no trouble
      return;
    }
    try {
      this.#arrive(await findMe());
    } catch {
      // The other tab has signed out again, or the API is away: the next answer decides.
    }
  }

  /** Somebody has signed in: go on where this user was, or begin anew with another. */
  #arrive(me: Me): void {
    const state = this.state.get();
    if (state.kind !== "in" || state.me === null || !isSame(state.me, me)) {
      this.#enter(me);
      return;
    }
    this.state.set({ ...state, me, locked: false });
    this.#answer(true);
  }

  /** The API or a gateway refuses the session. Resolves to true once its user is back. */
  async #refused(): Promise<boolean> {
    const before = this.state.get();
    if (before.kind !== "in") return false;
    if (!hasSession(before.me)) {
      this.#leave("ended");
      return false;
    }
    if (!before.locked && (await this.#isHere())) return true;
    const state = this.state.get();
    if (state.kind !== "in" || state.session !== before.session) return false;
    if (!state.locked) this.state.set({ ...state, locked: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Whether the user has a newer session already: of another tab, or with another password. */
  async #isHere(): Promise<boolean> {
    const state = this.state.get();
    try {
      const me = await findMe();
      if (state.kind !== "in" || state.me === null) return false;
      const same = isSame(state.me, me);
      // The company has given the user another role or other rows: begin anew with these.
      if (!same && me.company && me.subject === state.me.subject) this.#enter(me);
      return same;
    } catch (error) {
      return !(error instanceof RefusedError); // the API is away: that is another trouble
    }
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
    if (hasSession(me)) this.#presence.start();
    this.state.set({ kind: "in", me, session, locked: false });
  }

  #leave(reason: Reason | null): void {
    this.#stop();
    setToken(null);
    this.state.set({ kind: "out", reason });
  }

  #stop(): void {
    const state = this.state.get();
    if (state.kind === "in") state.session.stop();
    this.#presence.stop();
    this.#answer(false);
  }

  #answer(again: boolean): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answer of waiting) answer(again);
  }
}

const hasSession = (me: Me | null): boolean => me !== null && me.session !== null;

/** Whether what the page shows of one is right for the other. */
const isSame = (a: Me, b: Me): boolean =>
  a.subject === b.subject &&
  a.role === b.role &&
  JSON.stringify(a.rows) === JSON.stringify(b.rows) &&
  hasSession(a) === hasSession(b);
