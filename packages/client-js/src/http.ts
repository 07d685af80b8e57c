/**
 * Requests to the API: credentials, time limits, problem documents, and whether the API answers at all.
 */
import { parseJson } from "./json.ts";
import { Observable } from "./observable.ts";
import { isRow } from "./row.ts";

/**
 * Returns a token; null if the browser's cookies identify the user, or if the system requires no
 * sign-in.
 */
export type TokenProvider = () => string | null | Promise<string | null>;

export interface ApiOptions {
  /** The origin of the edge, such as `https://orders.example.com`; default: the page's own. */
  readonly url?: string | undefined;
  readonly token?: TokenProvider | undefined;
  /** "include" also sends cookies to another origin. */
  readonly credentials?: RequestCredentials | undefined;
  readonly fetch?: typeof fetch | undefined;
  /**
   * Called when a token or session is missing, expired or revoked. If the result becomes true, the user
   * has signed in again; the request is then repeated, and the connection continues.
   */
  readonly onUnauthorized?: (() => unknown) | undefined;
}

/**
 * Thrown when the API refuses a request. Has the API's message, and messages by field if it gave any.
 */
export class RefusedError extends Error {
  override readonly name: string = "RefusedError";
  readonly status: number;
  /** The kind of problem, listed in the API's docs/problems.md; empty if the answer names none. */
  readonly code: string;
  readonly fields: Readonly<Record<string, string>>;
  /** The whole body of the answer. */
  readonly body: unknown;

  constructor(status: number, message: string, fields: Record<string, string>, body: unknown) {
    super(message);
    this.status = status;
    this.code = textIn(body, "code") ?? "";
    this.fields = fields;
    this.body = body;
  }
}

/**
 * Thrown when the API could not be reached or could not serve the request, or when something else
 * answered.
 */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  /** Whether the API itself answered and said why it cannot serve the request. */
  readonly answered: boolean;
  /** The kind of problem, as in RefusedError. */
  readonly code: string;

  constructor(
    message: string,
    options: ErrorOptions & { answered?: boolean; code?: string | undefined } = {},
  ) {
    super(message, options);
    this.answered = options.answered ?? false;
    this.code = options.code ?? "";
  }
}

const NO_ANSWER = "The API does not answer.";
/** After this time `trouble` reports that the API does not answer. The request continues. */
const SLOW_MS = 5_000;
/** Longer than the five seconds that the edge waits for a restarting API. */
const ANSWER_WITHIN_MS = 15_000;

export interface RequestOptions extends RequestInit {
  /**
   * Whether this request signs the user in. If it is refused, the caller gets the error and
   * `onUnauthorized` is not called.
   */
  readonly signsIn?: boolean;
}

/** Reads an answer; null if it is not the expected one. */
export type Reader<T> = (body: unknown) => T | null;

export class Api {
  /** Why the last request got no answer; null if the API answered. */
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
      // While the page is being closed there is no time to wait, so a known token is used directly.
      const known = token instanceof Promise ? await token : token;
      response = await this.#answer(path, authorized(init, known));
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      const late = error instanceof DOMException && error.name === "TimeoutError";
      const message = late ? NO_ANSWER : "The API cannot be reached.";
      throw this.#troubled(new UnreachableError(message, { cause: error }));
    }
    if (response.status >= 502 && response.status <= 504) {
      const body = await readJson(response);
      const detail = textIn(body, "detail"); // only the API sends a problem document
      const options = { answered: detail !== undefined, code: textIn(body, "code") };
      throw this.#troubled(new UnreachableError(detail ?? NO_ANSWER, options));
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

  /** Asks the caller for a new sign-in. Returns whether the user has signed in again. */
  async unauthorized(): Promise<boolean> {
    return (await this.#options.onUnauthorized?.()) === true;
  }

  /** Calls `fetch` with the origin, cookies and a token, without time limit or error handling. */
  fetch(path: string, init: RequestInit, token: string | null = null): Promise<Response> {
    const { credentials, fetch = globalThis.fetch } = this.#options;
    const request = { ...(credentials && { credentials }), ...authorized(init, token) };
    return fetch(this.url + path, request);
  }

  /**
   * Sends a request. Only reads have a time limit, because the outcome of an abandoned write would be
   * unknown.
   */
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

/**
 * Returns the options of a request with a JSON body. `body` is text, so numbers keep the digits that
 * were typed.
 */
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

/** Returns a text of a problem document (RFC 9457). */
function textIn(problem: unknown, name: string): string | undefined {
  const text = isRow(problem) ? problem[name] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Returns the error for a problem document; `errors` names the refused fields. */
export function refusal(status: number, body: unknown): RefusedError {
  const fields: Record<string, string> = {};
  for (const error of isRow(body) && Array.isArray(body.errors) ? body.errors : []) {
    const field = textIn(error, "field");
    if (field !== undefined) fields[field] = textIn(error, "message") ?? "";
  }
  const said = textIn(body, "detail") ?? textIn(body, "title");
  return new RefusedError(status, said ?? `The API refused (${status}).`, fields, body);
}
