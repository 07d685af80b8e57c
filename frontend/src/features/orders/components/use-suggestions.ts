import { type ComponentProps, type KeyboardEvent, useEffect, useId, useState } from "react";
import { listValues } from "../api/rows";

const AFTER_TYPING_MS = 150;

export interface Suggested {
  readonly id: string;
  readonly values: readonly string[];
  /** Index of the suggestion that the arrow keys have reached; -1: none. */
  readonly active: number;
  readonly chosen: string | null;
  /** Attributes for the field; undefined if nothing is suggested. */
  readonly attributes: ComponentProps<"input"> | undefined;
  /** Handles a key. Returns whether the key was for the list. */
  readonly press: (event: KeyboardEvent) => boolean;
}

/**
 * Returns values that the column has in other rows and that begin with the typed text; null if none are
 * wanted.
 */
export function useSuggestions(
  table: string,
  column: string | null,
  typed: { readonly text: string; readonly initial: string },
): Suggested {
  const id = useId();
  const { text, initial } = typed;
  const [asked, setAsked] = useState(false);
  const [found, setFound] = useState<{ for: string; values: readonly string[] } | null>(null);
  const [active, setActive] = useState(-1);
  const wanted = column !== null && (asked || text !== initial);
  const prefix = text === initial ? "" : text.trim();

  useEffect(() => {
    if (!wanted) return;
    const request = new AbortController();
    const timer = setTimeout(() => {
      listValues(table, column, prefix, request.signal).then(
        (values) => {
          setActive(-1);
          setFound({ for: prefix, values: values.filter((value) => value !== text) });
        },
        () => undefined, // without suggestions the user can still type
      );
    }, AFTER_TYPING_MS);
    return () => {
      clearTimeout(timer);
      request.abort();
    };
  }, [wanted, table, column, prefix, text]);

  const values = wanted && found?.for === prefix ? found.values : [];
  const isOpen = values.length > 0;

  function press(event: KeyboardEvent): boolean {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (column === null || step === undefined || event.altKey) return false;
    event.preventDefault();
    setAsked(true);
    const places = values.length + 1; // one more, for the typed text itself
    setActive((before) => ((before + 1 + step + places) % places) - 1);
    return true;
  }

  const attributes = column === null ? undefined : comboboxOf(id, isOpen, active);
  return { id, values, active, chosen: values[active] ?? null, attributes, press };
}

const comboboxOf = (id: string, isOpen: boolean, active: number): ComponentProps<"input"> => ({
  role: "combobox",
  "aria-autocomplete": "list",
  "aria-expanded": isOpen,
  "aria-controls": isOpen ? id : undefined,
  "aria-activedescendant": isOpen && active >= 0 ? `${id}-${active}` : undefined,
});
