/** Functions for the texts of a language. */
import { createElement, Fragment, type ReactNode } from "react";
import { formatCount } from "./format";

/** Forms of a word by plural category. English and German have `one` and `other`. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

export function pluralsOf(language: string) {
  const rules = new Intl.PluralRules(language);
  const plural = (count: number, forms: Forms): string => forms[rules.select(count)] ?? forms.other;
  return {
    /** Returns the form for a count: "order" or "orders". */
    plural,
    /** Returns the count with its form: "1 order", "1,234 orders". */
    counted: (count: number, forms: Forms): string =>
      `${formatCount(count)} ${plural(count, forms)}`,
  };
}

/** Builds a text that contains elements: rich`${name} was not saved`. */
export const rich = (texts: TemplateStringsArray, ...parts: readonly ReactNode[]): ReactNode =>
  createElement(Fragment, null, ...texts.flatMap((text, at) => [text, parts[at]]));
