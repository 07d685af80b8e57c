/** Requests to the API: credentials, time limits, problem documents, and whether it answers at all. */
import { parseJson } from "./json.ts";
import { Observable } from "./observable.ts";
import { isRow } from "./row.ts";

/** A token, or nothing: then the browser's cookies identify the user, or the system asks for none. */
export type TokenProvider = () => string | null | Promise<string | null>;

export interface ApiOptions {
  /** The origin of the edge, such as `https://orders.example.com`; default: the page's own. */
  readonly url?: string | undefined;
  readonly token?: TokenProvider | undefined;
  /** "include" sends cookies to another origin, too. */
  readonly credentials?: RequestCredentials | undefined;
  readonly fetch?: typeof fetch | undefined;
  /**
   * A token or session is missing, expired or revoked. If the answer becomes true, the user has signed in
   * again: then the request is repeated, and the connection goes on.
   */
  readonly onUnauthorized?: (() => unknown) | undefined;
}

/** The API refused a request: its message, and one per field where it gave any. */
export class RefusedError extends Error {
  override readonly name: string = "RefusedError";
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  /** The whole answer, as it was sent. */
  readonly body: unknown;

  constructor(status: number, message: string, fields: Record<string, string>, body: unknown) {
    super(message);
    this.status = status;
    this.fields = fields;
    this.body = body;
  }
}

/** The API could not be reached or could not serve, or the answer was not the API's. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  /** The API did answer, saying that it cannot serve and why. */
  readonly answered: boolean;

  constructor(message: string, options: ErrorOptions & { answered?: boolean } = {}) {
    super(message, options);
    this.answered = options.answered ?? false;
  }
}

const NO_ANSWER = "The API does not answer.";
/** After this time `trouble` says that the API does not answer; the request goes on. */
const SLOW_MS = 5_000;
/** Longer than the five seconds that the edge waits for a restarting API. */
const ANSWER_WITHIN_MS = 15_000;

export interface RequestOptions extends RequestInit {
  /** The request proves who the user is: that it is refused is its own answer. */
  readonly signsIn?: boolean;
}

/** Reads an answer; null where it is not what was asked for. */
export type Reader<T> = (body: unknown) => T | null;

export class Api {
  /** Why the last request failed; null if the API answered it. */
  readonly trouble = new Observable<UnreachableError | null>(null);
  readonly url: string;
  readonly #options: ApiOptions;

  constructor(options: ApiOptions = {}) {
    this.#options = options;
    const origin = typeof location === "undefined" ? "" : location.origin;
    this.url = (options.url ?? origin).replace(/\/+$/, "");
  }

  async request<T>(reader: Reader<T>, path: string, init?: RequestOptions): Promise<T> {
    const response = await this.send(path, init);
    const body = reader(await readJson(response));
    if (body === null) throw new UnreachableError("The API's answer was not understood.");
    return body;
  }

  async send(path: string, options: RequestOptions = {}): Promise<Response> {
    const { signsIn = false, ...init } = options;
    let response: Response;
    try {
      const token = this.token();
      // A page that is being left has no time to wait for a token that is there already.
      const known = token instanceof Promise ? await token : token;
      response = await this.#answer(path, authorized(init, known));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      const late = error instanceof DOMException && error.name === "TimeoutError";
      const message = late ? NO_ANSWER : "The API cannot be reached.";
      throw this.#troubled(new UnreachableError(message, { cause: error }));
    }
    if (response.status >= 502 && response.status <= 504) {
      const { detail } = problemIn(await readJson(response)); // only the API sends a problem document
      const answered = detail !== undefined;
      throw this.#troubled(new UnreachableError(detail ?? NO_ANSWER, { answered }));
    }
    this.trouble.set(null);
    if (response.ok) return response;
    if (response.status === 401 && !signsIn && (await this.unauthorized())) {
      return this.send(path, init);
    }
    throw refusal(response.status, await readJson(response));
  }

  get hasTokens(): boolean {
    return this.#options.token !== undefined;
  }

  token(): string | null | Promise<string | null> {
    return this.#options.token?.() ?? null;
  }

  /** Whether the user has signed in again. */
  async unauthorized(): Promise<boolean> {
    return (await this.#options.onUnauthorized?.()) === true;
  }

  /** `fetch` with the origin, the cookies and a token, without the rest. */
  fetch(path: string, init: RequestInit, token: string | null = null): Promise<Response> {
    const { credentials, fetch = globalThis.fetch } = this.#options;
    const request = { ...(credentials && { credentials }), ...authorized(init, token) };
    return fetch(this.url + path, request);
  }

  /** Only reads time out: after giving up a write, its outcome would be unknown. */
  async #answer(path: string, init: RequestInit): Promise<Response> {
    const slow = setTimeout(() => this.#troubled(new UnreachableError(NO_ANSWER)), SLOW_MS);
    const late = new AbortController();
    const giveUp = () => late.abort(new DOMException("no answer", "TimeoutError"));
    const timer = init.method === undefined ? setTimeout(giveUp, ANSWER_WITHIN_MS) : undefined;
    const signals = init.signal ? [init.signal, late.signal] : [late.signal];
    try {
      return await this.fetch(path, { ...init, signal: AbortSignal.any(signals) });
    } finally {
      clearTimeout(slow);
      clearTimeout(timer);
    }
  }

  #troubled(error: UnreachableError): UnreachableError {
    this.trouble.set(error);
    return error;
  }
}

function authorized(init: RequestInit, token: string | null): RequestInit {
  if (token === null) return init;
  const headers = new Headers(init.headers);
  headers.set("Authorization", `Bearer ${token}`);
  return { ...init, headers };
}

/** `body` is JSON as text: the digits of a number stay as they were typed. */
export const withJson = (
  method: string,
  body: string,
  headers: Record<string, string> = {},
): RequestInit => ({ method, headers: { "Content-Type": "application/json", ...headers }, body });

export async function readJson(response: Response): Promise<unknown> {
  try {
    return parseJson(await response.text());
  } catch {
    return undefined;
  }
}

/** RFC 9457; `errors` names the fields that were refused. */
function problemIn(body: unknown): { title?: string; detail?: string; errors: unknown[] } {
  const { title, detail, errors } = isRow(body) ? body : {};
  return {
    ...(typeof title === "string" && { title }),
    ...(typeof detail === "string" && { detail }),
    errors: Array.isArray(errors) ? errors : [],
  };
}

/** The error that a problem document tells of. */
export function refusal(status: number, body: unknown): RefusedError {
  const { title, detail, errors } = problemIn(body);
  const fields: Record<string, string> = {};
  for (const error of errors) {
    const { field, message } = isRow(error) ? error : {};
    if (typeof field === "string" && typeof message === "string") fields[field] = message;
  }
  return new RefusedError(status, detail ?? title ?? `The API refused (${status}).`, fields, body);
}
