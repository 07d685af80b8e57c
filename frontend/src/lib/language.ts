/** The language of the page: the user's choice, otherwise the browser's language. */
import { speak, words } from "@/words";
import { locale } from "./locale";
import { Preference, type Preferences } from "./preferences";
import { text } from "./shape";

/** The choice to use the browser's language. */
export const AS_BROWSER = "browser";
const NAME = "language";

/**
 * The choice in this browser, whoever signs in. The sign-in page uses it, and so does the next start.
 */
const here = new Preference(NAME, text, "");
/** The choice of the signed-in user, which applies in other browsers too. */
let own: Preference<string> | undefined;
let isNewChoice = false;

/** A language tag, `AS_BROWSER`, or null if nothing was chosen. */
export const languageChoice = here.state;

/** Loads the language. Throws if that fails, because then the page has no texts. */
export async function startLanguage(): Promise<void> {
  await show();
  here.state.subscribe(() => void show().catch(() => undefined)); // the language stays as it is
}

export function chooseLanguage(choice: string): void {
  isNewChoice = own === undefined;
  here.set(choice);
  own?.set(choice);
}

/**
 * Applies the signed-in user's choice. A choice just made on the sign-in page replaces it. Returns a
 * function that stops this.
 */
export function followLanguage(preferences: Preferences, subject: string): () => void {
  if (subject === "") return () => undefined;
  const kept = preferences.of(NAME, text);
  own = kept;
  if (isNewChoice) kept.set(here.state.get());
  isNewChoice = false;
  const follow = () => {
    const choice = kept.state.get();
    if (choice !== null && choice !== here.state.get()) here.set(choice);
  };
  follow();
  const unsubscribe = kept.state.subscribe(follow);
  return () => {
    unsubscribe();
    own = undefined;
  };
}

async function show(): Promise<void> {
  const choice = here.state.get();
  const isOf = (tag: string) => new Intl.Locale(tag).language === choice;
  const browser = navigator.languages;
  const isChosen = choice !== null && choice !== AS_BROWSER;
  await speak(isChosen ? [...browser.filter(isOf), choice] : browser);
  document.documentElement.lang = locale();
  document.documentElement.dir = words.direction;
}
