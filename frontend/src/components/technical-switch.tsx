import { useTechnical } from "@/lib/technical";
import { words } from "@/words";
import styles from "./technical-switch.module.css";

/** Shows or hides the technical terms on the whole page. */
export function TechnicalSwitch() {
  const [technical, setTechnical] = useTechnical();
  return (
    <label className={styles.switch}>
      <input
        type="checkbox"
        role="switch"
        checked={technical}
        onChange={(event) => setTechnical(event.target.checked)}
      />
      {words.connection.technical}
    </label>
  );
}
