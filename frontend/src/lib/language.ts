/** The language of the page: the reader's choice, or else that of the browser. */
import { speak, words } from "@/words";
import { locale } from "./locale";
import { Preference, type Preferences } from "./preferences";
import { text } from "./shape";

/** The choice of whoever takes the language of the browser. */
export const AS_BROWSER = "browser";
const NAME = "language";

/** Of this browser, whoever signs in: the sign-in page shows it, and so does the next start. */
const here = new Preference(NAME, text, "");
/** Of the person who signed in: other browsers follow it. */
let own: Preference<string> | undefined;
let isNewChoice = false;

/** A language tag, `AS_BROWSER`, or null where nothing was chosen. */
export const languageChoice = here.state;

/** Load the language. Where that fails there is nothing to show: throws. */
export async function startLanguage(): Promise<void> {
  await show();
  here.state.subscribe(() => void show().catch(() => undefined)); // the page stays as it is
}

export function chooseLanguage(choice: string): void {
  isNewChoice = own === undefined;
  here.set(choice);
  own?.set(choice);
}

/** Follow the choice of a person, unless they have just chosen on the sign-in page. */
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
