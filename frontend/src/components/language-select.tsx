import { useId } from "react";
import { AS_BROWSER, chooseLanguage, languageChoice } from "@/lib/language";
import { useObservable } from "@/lib/use-observable";
import { LANGUAGES, words } from "@/words";
import styles from "./language-select.module.css";

/**
 * Selects the language of the page. Each language is named in itself, so that a reader who cannot read
 * the page finds it.
 */
export function LanguageSelect() {
  const id = useId();
  const choice = useObservable(languageChoice) ?? AS_BROWSER;
  return (
    <div className={styles.language}>
      <label htmlFor={id}>{words.look.language}</label>
      <select id={id} value={choice} onChange={(event) => chooseLanguage(event.target.value)}>
        <option value={AS_BROWSER}>{words.look.asBrowser}</option>
        {LANGUAGES.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {new Intl.DisplayNames(tag, { type: "language" }).of(tag)}
          </option>
        ))}
      </select>
    </div>
  );
}
