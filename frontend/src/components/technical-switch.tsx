import { useTechnical } from "@/lib/technical";
import styles from "./technical-switch.module.css";

/** Shows or hides the technical words everywhere. */
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
      Technical details
    </label>
  );
}
