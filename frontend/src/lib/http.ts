import * as z from "zod/mini";
import { authorized, noteRefusal } from "./credentials";

/** RFC 9457; `errors` names the fields that were refused. */
const Problem = z.object({
  title: z.optional(z.string()),
  detail: z.optional(z.string()),
  errors: z.optional(z.array(z.record(z.string(), z.unknown()))),
});

/** The API refused: its own words, and per field where it gave them. */
export class RefusedError extends Error {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  /** The whole answer, not parsed. */
  readonly body: unknown;

  constructor(status: number, message: string, fields: Record<string, string>, body: unknown) {
    super(message);
    this.name = "RefusedError";
    this.status = status;
    this.fields = fields;
    this.body = body;
  }
}

/** The API could not be reached, or what answered was not the API. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

export async function request<T>(schema: z.ZodMiniType<T>, path: string, init?: RequestInit) {
  const response = await send(path, init);
  const body = schema.safeParse(await readJson(response));
  if (!body.success) throw new UnreachableError("The API's answer was not understood.");
  return body.data;
}

export async function send(path: string, init?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, authorized(init));
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new UnreachableError("The API cannot be reached.", { cause: error });
  }
  if (response.ok) return response;
  if (response.status >= 502 && response.status <= 504) {
    throw new UnreachableError("The API is not answering.");
  }
  if (response.status === 401) noteRefusal();
  throw refusal(response.status, await readJson(response));
}

export function withJson(
  method: string,
  body: unknown,
  headers: Record<string, string> = {},
): RequestInit {
  return {
    method,
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function refusal(status: number, body: unknown): RefusedError {
  const problem = Problem.safeParse(body);
  const { title, detail, errors = [] } = problem.success ? problem.data : {};
  const fields: Record<string, string> = {};
  for (const { field, message } of errors) {
    if (typeof field === "string" && typeof message === "string") fields[field] = message;
  }
  return new RefusedError(status, detail ?? title ?? `The API refused (${status}).`, fields, body);
}
