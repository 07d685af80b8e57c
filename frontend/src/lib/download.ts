/** Downloads rows as a file, with the user's credentials. */
import { send } from "./http";

/**
 * Data is moved to a blob after so many bytes: the browser may keep blobs on disk, but not a script's
 * arrays.
 */
const BLOB_BYTES = 4_000_000;

export interface Download {
  readonly path: string;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/**
 * Downloads a file and returns its name. A link would not do: it sends no token, and the browser does
 * not say why a download fails. A download that breaks off throws and leaves no file.
 */
export async function download({ path, onProgress, signal }: Download): Promise<string> {
  // A request with an explicit method has no time limit. The API may have to sort all rows first.
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
  // The browser reads the blob later, so it must not be released yet.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
