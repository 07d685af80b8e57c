import { ChevronUp } from "lucide-react";
import { Button } from "@/components/button";
import { Menu, MenuItem } from "@/components/menu";
import { StatusBadge } from "@/components/status-badge";
import { formatCount } from "@/lib/format";
import { useSchema } from "@/lib/use-schema";
import { words } from "@/words";
import { forecast, moving, type Target, targetsOf } from "../model/steps";
import styles from "./status-menu.module.css";

interface TargetMenuProps {
  /** How many of the selected orders have each status. */
  counts: ReadonlyMap<string, number>;
  onChoose: (target: Target) => void;
}

/**
 * A menu of the statuses to which at least one selected order can change, with the numbers that can and
 * cannot.
 */
export function TargetMenu({ counts, onChoose }: TargetMenuProps) {
  const schema = useSchema();
  const targets = targetsOf(counts, schema);
  if (targets.length === 0) return null;
  return (
    <Menu
      aria-label={words.selection.setTo}
      side="top"
      align="end"
      trigger={
        <Button>
          {words.selection.setTo}
          <ChevronUp size={14} aria-hidden />
        </Button>
      }
    >
      {targets.map((target) => {
        const expected = forecast(counts, target, schema);
        const { can, cannot } = words.selection;
        const left = expected.left > 0 ? `; ${cannot(formatCount(expected.left))}` : "";
        return (
          <MenuItem key={target} onSelect={() => onChoose(target)}>
            <StatusBadge status={target} />
            <span className={styles.expected}>{can(formatCount(moving(expected))) + left}</span>
          </MenuItem>
        );
      })}
    </Menu>
  );
}
