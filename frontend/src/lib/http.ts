import * as z from "zod/mini";
import { authorized, noteRefusal } from "./credentials";
import { parseJson } from "./json";
import { Observable } from "./observable";

/** RFC 9457; `errors` names the fields that were refused. */
const Problem = z.object({
  title: z.optional(z.string()),
  detail: z.optional(z.string()),
  errors: z.optional(z.array(z.record(z.string(), z.unknown()))),
});

/** The API refused a request: its message, and one per field where it gave any. */
export class RefusedError extends Error {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  /** The whole answer, as it was sent. */
  readonly body: unknown;

  constructor(status: number, message: string, fields: Record<string, string>, body: unknown) {
    super(message);
    this.name = "RefusedError";
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

/** Why the last request to the API failed; null if the API answered it. */
export const apiTrouble = new Observable<UnreachableError | null>(null);

const NO_ANSWER = "The API does not answer.";
/** After this time the page says that the API does not answer; the request goes on. */
const SLOW_MS = 5_000;
/** Longer than the five seconds that the edge waits for a restarting API. */
const ANSWER_WITHIN_MS = 15_000;

export async function request<T>(schema: z.ZodMiniType<T>, path: string, init?: RequestInit) {
  const response = await send(path, init);
  const body = schema.safeParse(await readJson(response));
  if (!body.success) throw new UnreachableError("The API's answer was not understood.");
  return body.data;
}

export async function send(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await answer(path, authorized(init));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    const late = error instanceof DOMException && error.name === "TimeoutError";
    const message = late ? NO_ANSWER : "The API cannot be reached.";
    throw troubled(new UnreachableError(message, { cause: error }));
  }
  if (response.status >= 502 && response.status <= 504) {
    const { detail } = problemIn(await readJson(response)); // only the API sends a problem document
    const answered = detail !== undefined;
    throw troubled(new UnreachableError(detail ?? NO_ANSWER, { answered }));
  }
  apiTrouble.set(null);
  if (response.ok) return response;
  if (response.status === 401) noteRefusal();
  throw refusal(response.status, await readJson(response));
}

/** Only reads time out: after giving up a write, the page would not know whether it was made. */
async function answer(path: string, init: RequestInit): Promise<Response> {
  const slow = setTimeout(() => troubled(new UnreachableError(NO_ANSWER)), SLOW_MS);
  const late = new AbortController();
  const giveUp = () => late.abort(new DOMException("no answer", "TimeoutError"));
  const timer = init.method === undefined ? setTimeout(giveUp, ANSWER_WITHIN_MS) : undefined;
  const signals = init.signal ? [init.signal, late.signal] : [late.signal];
  try {
    return await fetch(path, { ...init, signal: AbortSignal.any(signals) });
  } finally {
    clearTimeout(slow);
    clearTimeout(timer);
  }
}

function troubled(error: UnreachableError): UnreachableError {
  apiTrouble.set(error);
  return error;
}

export function withJson(
  method: string,
  /** JSON as text: the digits of a number stay as they were typed. */
  body: string,
  headers: Record<string, string> = {},
): RequestInit {
  return {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body,
  };
}

export async function readJson(response: Response): Promise<unknown> {
  try {
    return parseJson(await response.text());
  } catch {
    return undefined;
  }
}

function problemIn(body: unknown): z.infer<typeof Problem> {
  const problem = Problem.safeParse(body);
  return problem.success ? problem.data : {};
}

function refusal(status: number, body: unknown): RefusedError {
  const { title, detail, errors = [] } = problemIn(body);
  const fields: Record<string, string> = {};
  for (const { field, message } of errors) {
    if (typeof field === "string" && typeof message === "string") fields[field] = message;
  }
  return new RefusedError(status, detail ?? title ?? `The API refused (${status}).`, fields, body);
}
