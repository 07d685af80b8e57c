import { ChevronDown, ChevronUp } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "@/components/icon-button";
import { LanguageSelect } from "@/components/language-select";
import { THEMES } from "@/lib/theme";
import { useObservable } from "@/lib/use-observable";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { DENSITIES } from "../model/page-look";
import { arranged, isShown } from "../model/table-columns";
import { USUAL_LAYOUT } from "../model/table-layout";
import styles from "./column-chooser.module.css";
import { useOrders } from "./orders-context";

/** Settings for which columns the table shows, in which order, and for the page's appearance. */
export function ViewSettings() {
  const { columns: choice, look } = useOrders();
  const layout = useObservable(choice.state) ?? USUAL_LAYOUT;
  const { theme, density } = useObservable(look.state);
  const columns = arranged(useSchema(), layout);
  const names = columns.map(({ name }) => name);
  return (
    <>
      <ul className={styles.columns}>
        {columns.map((column, at) => (
          <li key={column.name}>
            <label title={column.column?.comment ?? undefined}>
              <input
                type="checkbox"
                checked={isShown(column, layout)}
                onChange={() => choice.toggle(column.name)}
              />
              <bdi>{column.label}</bdi>
            </label>
            <IconButton
              label={words.look.moveUp(column.label)}
              aria-disabled={at === 0}
              onClick={() => choice.move(names, column.name, names[at - 1] ?? "", false)}
            >
              <ChevronUp size={14} aria-hidden />
            </IconButton>
            <IconButton
              label={words.look.moveDown(column.label)}
              aria-disabled={at === names.length - 1}
              onClick={() => choice.move(names, column.name, names[at + 1] ?? "", true)}
            >
              <ChevronDown size={14} aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      <Choices
        legend={words.look.rows}
        choices={DENSITIES}
        names={words.look}
        chosen={density}
        onChoose={(density) => look.choose({ density })}
      />
      <Choices
        legend={words.look.theme}
        choices={THEMES}
        names={words.look}
        chosen={theme}
        onChoose={(theme) => look.choose({ theme })}
      />
      <LanguageSelect />
      <button type="button" className={styles.reset} onClick={() => choice.reset()}>
        {words.look.reset}
      </button>
    </>
  );
}

interface ChoicesProps<T extends string> {
  legend: string;
  choices: readonly T[];
  names: Readonly<Record<T, string>>;
  chosen: T;
  onChoose: (choice: T) => void;
}

function Choices<T extends string>({
  legend,
  choices,
  names,
  chosen,
  onChoose,
}: ChoicesProps<T>): ReactNode {
  return (
    <div>
      <div className={styles.legend} aria-hidden>
        {legend}
      </div>
      <div role="radiogroup" aria-label={legend} className={styles.choices}>
        {choices.map((choice) => (
          <label key={choice}>
            <input
              type="radio"
              name={legend}
              className="visually-hidden"
              checked={chosen === choice}
              onChange={() => onChoose(choice)}
            />
            {names[choice]}
          </label>
        ))}
      </div>
    </div>
  );
}
