/**
 * Returns a random key. `crypto.randomUUID` exists only with HTTPS or on localhost, but the page may be
 * opened over HTTP.
 */
export const randomKey = (): string => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
};
