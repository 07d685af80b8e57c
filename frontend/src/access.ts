/** The user of the page. Requested at the start, and again when a session or token has ended. */
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
  /** The page was opened with a link that sets a password. */
  | { readonly kind: "set-up"; readonly link: string }
  /**
   * `me` is null while the API does not answer, which the page shows. `locked`: the session has ended,
   * and the page is behind a dialog until the same user signs in.
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
  /** Requests that wait until the page is unlocked, or the user leaves. */
  #waiting: ((again: boolean) => void)[] = [];

  async start(): Promise<void> {
    if (location.pathname === SET_UP && location.hash !== "") {
      this.state.set({ kind: "set-up", link: location.hash.slice(1) });
      return;
    }
    const { signedIn, trouble } = companyOutcome();
    if (signedIn && location.pathname === SIGNED_IN_PAGE) {
      tellTabs("signed-in");
      close(); // the tab that opened this one continues
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

  /** Signs in. Throws the API's error if the name or password is wrong. */
  async signIn(name: string, password: string): Promise<void> {
    this.#arrive(await signInWith(name, password));
    tellTabs("signed-in");
  }

  /** Signs in with a token. Throws the API's error if the token is not valid. */
  async signInByToken(token: string): Promise<void> {
    setToken(token);
    try {
      this.#enter(await findMe());
    } catch (error) {
      setToken(null);
      throw error;
    }
  }

  /** Sets a password with a link. Throws the API's error if it refuses the link or the password. */
  async setUp(link: string, password: string): Promise<void> {
    await setUp(link, password);
    location.replace("/"); // the used link must not stay in the address
  }

  /** Continues with a new session of the same user, after a change of the password. */
  renew(me: Me): void {
    this.#arrive(me);
    tellTabs("signed-in");
  }

  /** Ends the session in all tabs, or forgets the token. */
  async signOut(): Promise<void> {
    const state = this.state.get();
    if (state.kind !== "in") return;
    let next: string | null = null;
    if (hasSession(state.me)) {
      try {
        next = await endThisSession();
      } catch (error) {
        // If refused, the session has ended already. Otherwise it continues, and the page shows the
        // API's failure.
        if (!(error instanceof RefusedError)) return;
      }
      tellTabs("signed-out");
    }
    this.#leave(null);
    if (next !== null) location.assign(next);
  }

  async #hear(news: "signed-in" | "signed-out"): Promise<void> {
    const state = this.state.get();
    if (currentToken() !== null) return; // this tab has its own user
    if (news === "signed-out") {
      if (state.kind === "in" && hasSession(state.me)) this.#leave(null); // no reason to show
      return;
    }
    try {
      this.#arrive(await findMe());
    } catch {
      // The other tab has signed out again, or the API is away. The next answer decides.
    }
  }

  /** Someone has signed in. Continues if it is the same user; otherwise starts a new session. */
  #arrive(me: Me): void {
    const state = this.state.get();
    if (state.kind !== "in" || state.me === null || !isSame(state.me, me)) {
      this.#enter(me);
      return;
    }
    this.state.set({ ...state, me, locked: false });
    this.#answer(true);
  }

  /**
   * Called when the API or a gateway refuses the session. Resolves to true once the same user has
   * signed in.
   */
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

  /** Whether the same user has a newer session: from another tab, or with another password. */
  async #isHere(): Promise<boolean> {
    const state = this.state.get();
    try {
      const me = await findMe();
      if (state.kind !== "in" || state.me === null) return false;
      const same = isSame(state.me, me);
      // The company login has given the user another role or other rows, so start again with these.
      if (!same && me.company && me.subject === state.me.subject) this.#enter(me);
      return same;
    } catch (error) {
      return !(error instanceof RefusedError); // the API is away, which is another problem
    }
  }

  /**
   * Called when the API answers again. Requests the user if the page was opened while the API was away.
   */
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
      // The API is away again, or requires a token. The next answer decides.
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

/** Whether a page that was made for one user is right for the other. */
const isSame = (a: Me, b: Me): boolean =>
  a.subject === b.subject &&
  a.role === b.role &&
  JSON.stringify(a.rows) === JSON.stringify(b.rows) &&
  hasSession(a) === hasSession(b);
