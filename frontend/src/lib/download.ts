/** Rows as a file of the browser's downloads, with whatever proves who the user is. */
import { send } from "./http";

/** The browser may keep a blob on disk, but not what a script collects for one. */
const BLOB_BYTES = 4_000_000;

export interface Download {
  readonly path: string;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Not a link to the address: a token is in no cookie, and the browser would not say why a download fails.
 * One that breaks off is an error, and leaves no file. Returns the file's name.
 */
export async function download({ path, onProgress, signal }: Download): Promise<string> {
  // With its method named, a request has no time limit: the API may have to sort all rows first.
  const response = await send(path, { signal, method: "GET" });
  const blobs: Blob[] = [];
  let waiting: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  let kept = 0;
  const reader = response.body?.getReader();
  for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
    waiting.push(piece.value);
    bytes += piece.value.length;
    if (bytes - kept > BLOB_BYTES) {
      blobs.push(new Blob(waiting));
      waiting = [];
      kept = bytes;
      onProgress(bytes);
    }
  }
  const name = nameIn(response.headers.get("Content-Disposition"));
  const type = response.headers.get("Content-Type") ?? "";
  save(new Blob([...blobs, ...waiting], { type }), name);
  return name;
}

export function nameIn(disposition: string | null): string {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(disposition ?? "")?.[1];
  return encoded === undefined ? "export.csv" : decodeURIComponent(encoded);
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download reads the blob after this task.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
