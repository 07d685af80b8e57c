/** The API as the dashboard calls it: with the user's token, and answers whose shape is checked. */
import { Api, type RequestOptions } from "real-time-orders";
import { currentToken, signedInAgain } from "./credentials";
import type { Shape } from "./shape";

export const api = new Api({ token: currentToken, onUnauthorized: signedInAgain });

/** Why the last request to the API failed; null if the API answered it. */
export const apiTrouble = api.trouble;

export const request = <T>(shape: Shape<T>, path: string, init?: RequestOptions): Promise<T> =>
  api.request((body) => shape(body) ?? null, path, init);

export const send = (path: string, init?: RequestOptions): Promise<Response> =>
  api.send(path, init);
