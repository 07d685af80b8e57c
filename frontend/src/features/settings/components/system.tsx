import { Problem } from "@/components/problem";
import { Facts } from "@/components/facts";
import { formatCount, formatExact, messageOf } from "@/lib/format";
import { words } from "@/words";
import { getDeployment } from "../api/system";
import styles from "./settings.module.css";
import { useListed } from "./use-settings";

/** The settings of the deployment, which can only be read here: they are changed in the environment. */
export function System() {
  const { data, error } = useListed("deployment", getDeployment);
  if (error) {
    return <Problem>{messageOf(error)}</Problem>;
  }
  if (!data) return <p className={styles.hint}>{words.do.loading}</p>;
  const groups = new Set(data.settings.map(({ group }) => group));
  return (
    <>
      <p className={styles.hint}>{words.settings.systemIntro(<code>{".env"}</code>)}</p>
      {[...groups].map((group) => (
        <div key={group} className={styles.group}>
          <h3>{group}</h3>
          <Facts
            facts={Object.fromEntries(
              data.settings
                .filter((setting) => setting.group === group)
                .map(({ name, value }) => [name, value]),
            )}
          />
        </div>
      ))}
      <div className={styles.group}>
        <h3>{words.settings.log}</h3>
        <Facts
          facts={{
            [words.settings.events]: formatCount(data.log.events),
            [words.settings.oldest]: data.log.oldest && formatExact(data.log.oldest),
          }}
        />
      </div>
    </>
  );
}
