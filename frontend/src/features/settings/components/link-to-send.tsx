import { Button } from "@/components/button";
import dialog from "@/components/dialog.module.css";
import { formatExact } from "@/lib/format";
import type { Link } from "../api/shapes";
import { Secret } from "./secret";

/** The link at which a user chooses a password, for the admin to pass on. */
export const LinkToSend = ({ link, onClose }: { link: Link; onClose: () => void }) => (
  <div className={dialog.form}>
    <Secret
      label="Link"
      value={location.origin + link.link}
      hint={`Send it to this user alone. It works once, until ${formatExact(link.ends)}, and is not shown again.`}
    />
    <div className={dialog.actions}>
      <Button kind="primary" onClick={onClose}>
        Done
      </Button>
    </div>
  </div>
);
