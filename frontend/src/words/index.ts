/**
 * What the page says, in the reader's language. Each language is one file beside this one, with the
 * members of `en.ts`; a page loads only the file of its language.
 */
import { Observable } from "real-time-orders";
import { localeFor, setLocale } from "@/lib/locale";
import { useObservable } from "@/lib/use-observable";
import type english from "./en";

export type Words = typeof english;

const FILES = import.meta.glob<Words>(["./*.ts", "!./index.ts"], { import: "default" });
const languageOf = (path: string) => path.slice("./".length, -".ts".length);

/** Language tags, the first one for readers who prefer none of them. */
export const LANGUAGES: readonly string[] = Object.keys(FILES)
  .map(languageOf)
  .sort((a, b) => Number(b === "en") - Number(a === "en"));

/** Read it when something is shown, not when a module is loaded: the reader may change the language. */
export let words: Words;

const spoken = new Observable<Words | null>(null);
let asked = 0;

/** Speak the first of these languages that the page has; throws where its file cannot be loaded. */
export async function speak(preferred: readonly string[]): Promise<void> {
  const turn = ++asked;
  const tag = localeFor(preferred, LANGUAGES);
  const file = FILES[`./${new Intl.Locale(tag).language}.ts`];
  if (!file) throw new Error(`no file for ${tag}`);
  const loaded = await file();
  if (turn !== asked) return; // another language was asked for meanwhile
  words = loaded;
  setLocale(tag);
  // Two variants of a language have the same file, but write numbers and dates differently.
  spoken.set({ ...loaded });
}

/** Renders again when the language changes: for what does not render with its parent. */
export const useWords = (): Words => useObservable(spoken) ?? words;
