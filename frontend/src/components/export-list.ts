import { download } from "@/lib/download";
import { formatBytes, messageOf } from "@/lib/format";
import { exportPath, type ShownList } from "@/lib/printing";
import { words } from "@/words";
import type { Toasts } from "./toasts";

/** Saves a list as a file. Shows the progress, and the reason if it fails. */
export async function exportList(
  list: ShownList,
  toasts: Toasts,
  running: AbortController,
): Promise<void> {
  const cancel = { label: words.do.cancel, run: () => running.abort() };
  const say = (bytes: number) =>
    toasts.show({
      tone: "neutral",
      title: words.takeAway.exporting(list.title),
      ...(bytes > 0 && { detail: words.takeAway.soFar(formatBytes(bytes)) }),
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
    toasts.show({ tone: "good", title: words.takeAway.exported, detail: name });
  } catch (error) {
    if (!running.signal.aborted) {
      const detail = words.takeAway.noFile(messageOf(error));
      toasts.show({ tone: "bad", title: words.takeAway.failed, detail });
    }
  } finally {
    toasts.dismiss(shown);
  }
}
