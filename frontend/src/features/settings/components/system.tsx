import { Facts } from "@/components/facts";
import { formatCount, formatExact, messageOf } from "@/lib/format";
import { getDeployment } from "../api/system";
import styles from "./settings.module.css";
import { useListed } from "./use-settings";

/** What the deployment sets: to look at, since it is changed in the environment. */
export function System() {
  const { data, error } = useListed("deployment", getDeployment);
  if (error) {
    return (
      <p role="alert" className={styles.problem}>
        {messageOf(error)}
      </p>
    );
  }
  if (!data) return <p className={styles.hint}>Loading…</p>;
  const groups = new Set(data.settings.map(({ group }) => group));
  return (
    <>
      <p className={styles.hint}>
        Set in the environment or <code>.env</code>, and read at the start. No secret is shown.
      </p>
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
        <h3>The log</h3>
        <Facts
          facts={{
            Events: formatCount(data.log.events),
            "The oldest": data.log.oldest && formatExact(data.log.oldest),
          }}
        />
      </div>
    </>
  );
}
