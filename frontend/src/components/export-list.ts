import { download } from "@/lib/download";
import { formatBytes, messageOf } from "@/lib/format";
import { exportPath, type ShownList } from "@/lib/printing";
import type { Toasts } from "./toasts";

/** Save a list as a file; says how far it is, and why it failed. */
export async function exportList(
  list: ShownList,
  toasts: Toasts,
  running: AbortController,
): Promise<void> {
  const cancel = { label: "Cancel", run: () => running.abort() };
  const say = (bytes: number) =>
    toasts.show({
      tone: "neutral",
      title: `Exporting ${list.title}…`,
      ...(bytes > 0 && { detail: `${formatBytes(bytes)} so far` }),
      action: cancel,
    });
  let shown = say(0);
  try {
    const name = await download({
      path: exportPath(list),
      signal: running.signal,
      onProgress: (bytes) => {
        toasts.dismiss(shown);
        shown = say(bytes);
      },
    });
    toasts.show({ tone: "good", title: "Exported", detail: name });
  } catch (error) {
    if (!running.signal.aborted) {
      const detail = `${messageOf(error)} No file was saved.`;
      toasts.show({ tone: "bad", title: "The export failed", detail });
    }
  } finally {
    toasts.dismiss(shown);
  }
}
