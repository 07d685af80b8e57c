import { Button } from "@/components/button";
import dialog from "@/components/dialog.module.css";
import { formatExact } from "@/lib/format";
import { words } from "@/words";
import type { Link } from "../api/shapes";
import { Secret } from "./secret";

/** The link at which a user chooses a password, for the admin to pass on. */
export const LinkToSend = ({ link, onClose }: { link: Link; onClose: () => void }) => (
  <div className={dialog.form}>
    <Secret
      label={words.settings.link}
      value={location.origin + link.link}
      hint={words.settings.linkHint(formatExact(link.ends))}
    />
    <div className={dialog.actions}>
      <Button kind="primary" onClick={onClose}>
        {words.settings.done}
      </Button>
    </div>
  </div>
);
