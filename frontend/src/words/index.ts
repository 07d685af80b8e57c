/**
 * The texts of the page in the user's language. Each language is a file beside this one with the
 * members of `en.ts`; a page loads only the file of its language.
 */
import { Observable } from "real-time-orders";
import { localeFor, setLocale } from "@/lib/locale";
import { useObservable } from "@/lib/use-observable";
import type english from "./en";

export type Words = typeof english;

const FILES = import.meta.glob<Words>(["./*.ts", "!./index.ts"], { import: "default" });
const languageOf = (path: string) => path.slice("./".length, -".ts".length);

/** Language tags. The first is for readers who prefer none of the languages. */
export const LANGUAGES: readonly string[] = Object.keys(FILES)
  .map(languageOf)
  .sort((a, b) => Number(b === "en") - Number(a === "en"));

/**
 * Read this when a text is shown, not when a module is loaded, because the user may change the
 * language.
 */
export let words: Words;

const spoken = new Observable<Words | null>(null);
let asked = 0;

/**
 * Switches to the first of these languages that the page has. Throws if the language's file cannot be
 * loaded.
 */
export async function speak(preferred: readonly string[]): Promise<void> {
  const turn = ++asked;
  const tag = localeFor(preferred, LANGUAGES);
  const file = FILES[`./${new Intl.Locale(tag).language}.ts`];
  if (!file) throw new Error(`no file for ${tag}`);
  const loaded = await file();
  if (turn !== asked) return; // another language was chosen meanwhile
  words = loaded;
  setLocale(tag);
  // A new object, because two variants of a language share a file but differ in numbers and dates.
  spoken.set({ ...loaded });
}

/**
 * Returns the texts and renders again when the language changes. For components that do not render with
 * their parent.
 */
export const useWords = (): Words => useObservable(spoken) ?? words;
