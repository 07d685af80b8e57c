import { useLayoutEffect, useRef } from "react";
import type { Row, Schema } from "real-time-orders";
import { formatExact } from "@/lib/format";
import { slipData } from "../model/slip-data";
import { filled, sheetOf } from "../model/template";
import defaultTemplate from "../packing-slip.html?raw";
import styles from "./packing-slip.module.css";

interface PackingSlipProps {
  order: Row;
  schema: Schema;
  /** The owner's template; null: the dashboard's own is used. */
  template: string | null;
}

/**
 * Shows one order by a template. The template is in a shadow tree, so that its styles apply only to
 * itself.
 */
export function PackingSlip({ order, schema, template }: PackingSlipProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const host = box.current;
    if (!host) return;
    const data = slipData(order, schema, formatExact(new Date().toISOString()));
    const { content, styles: texts } = sheetOf(filled(template ?? defaultTemplate, data));
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    root.replaceChildren(content);
    const own = texts.map(styleSheet);
    root.adoptedStyleSheets = own;
    const ofPages = styleSheet(own.map(pageRules).join("\n"));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, ofPages];
    return () => {
      document.adoptedStyleSheets = document.adoptedStyleSheets.filter((it) => it !== ofPages);
    };
  }, [order, schema, template]);
  return <div ref={box} className={styles.slip} />;
}

function styleSheet(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}

/**
 * Returns the rules for the size and margins of the paper, which only the document's own styles can
 * set.
 */
const pageRules = (sheet: CSSStyleSheet): string =>
  [...sheet.cssRules]
    .filter((rule) => rule instanceof CSSPageRule)
    .map(({ cssText }) => cssText)
    .join("\n");
