/** The API as the dashboard calls it: with the user's token, and answers parsed by a schema. */
import type * as z from "zod/mini";
import { Api, type RequestOptions } from "real-time-orders";
import { currentToken, signedInAgain } from "./credentials";

export const api = new Api({ token: currentToken, onUnauthorized: signedInAgain });

/** Why the last request to the API failed; null if the API answered it. */
export const apiTrouble = api.trouble;

export const request = <T>(
  schema: z.ZodMiniType<T>,
  path: string,
  init?: RequestOptions,
): Promise<T> =>
  api.request(
    (body) => {
      const read = schema.safeParse(body);
      return read.success ? read.data : null;
    },
    path,
    init,
  );

export const send = (path: string, init?: RequestOptions): Promise<Response> =>
  api.send(path, init);
