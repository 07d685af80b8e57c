import { useQuery } from "@tanstack/react-query";
import { Printer, X } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { createPortal } from "react-dom";
import type { Observable, Schema } from "real-time-orders";
import { Button } from "@/components/button";
import { IconButton } from "@/components/icon-button";
import { formatCount, messageOf } from "@/lib/format";
import { type PrintJob, printing } from "@/lib/printing";
import { queries } from "@/lib/queries";
import { useObservable } from "@/lib/use-observable";
import { words } from "@/words";
import { getSlip } from "../api/get-slip";
import { listRows, MOST_ROWS } from "../api/list-rows";
import { PackingSlip } from "./packing-slip";
import styles from "./print-layer.module.css";
import { PrintedList } from "./printed-list";

interface PrintLayerProps {
  job: PrintJob;
  schema: Observable<Schema | null>;
}

/** Shows what is to be printed in place of the page, then opens the browser's print dialog. */
export function PrintLayer({ job, schema }: PrintLayerProps) {
  const known = useObservable(schema);
  const { data, error } = useQuery(
    {
      queryKey: ["print"],
      queryFn: ({ signal }) => contentOf(job, known, signal),
      enabled: known !== null,
      staleTime: Infinity,
      gcTime: 0,
      retry: false,
    },
    queries,
  );
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    bar.current?.querySelector("button")?.focus();
    const page = document.getElementById("root");
    document.documentElement.dataset.printing = "";
    page?.setAttribute("inert", "");
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") close();
    };
    addEventListener("keydown", onKey);
    return () => {
      delete document.documentElement.dataset.printing;
      page?.removeAttribute("inert");
      removeEventListener("keydown", onKey);
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  const ready = data !== undefined;
  useEffect(() => {
    if (!ready) return;
    // After the next frame everything has been drawn.
    const frame = requestAnimationFrame(() => setTimeout(() => window.print()));
    return () => cancelAnimationFrame(frame);
  }, [ready]);
  return createPortal(
    <div className={styles.layer} role="dialog" aria-modal aria-label={words.print.print}>
      <div ref={bar} className={styles.bar}>
        <Button kind="primary" disabled={!ready} onClick={() => window.print()}>
          <Printer size={16} aria-hidden />
          {words.print.print}
        </Button>
        <p role="status">
          {error ? words.print.nothing(messageOf(error)) : (data?.note ?? words.do.loading)}
        </p>
        <IconButton label={words.do.close} onClick={close}>
          <X size={18} aria-hidden />
        </IconButton>
      </div>
      <div
        className={styles.paper}
        role="region"
        aria-label={words.print.what}
        tabIndex={0}
        data-testid="paper"
      >
        {data?.content}
      </div>
    </div>,
    document.body,
  );
}

const close = (): void => printing.set(null);

async function contentOf(
  job: PrintJob,
  schema: Schema | null,
  signal: AbortSignal,
): Promise<{ content: ReactNode; note: string }> {
  if (schema === null) throw new Error(words.print.tablesUnknown);
  if (job.kind === "slip") {
    const { order, template } = await getSlip(job.id, schema, signal);
    return { content: <PackingSlip {...{ order, schema, template }} />, note: "" };
  }
  const table = schema.tables.find(({ name }) => name === job.table);
  const { rows, cut } = await listRows(job, table?.key ?? [], signal);
  const note = cut
    ? words.print.cut(formatCount(MOST_ROWS), job.title)
    : words.print.rows(formatCount(rows.length), job.title);
  return { content: <PrintedList rows={rows} note={note} table={table} list={job} />, note };
}
