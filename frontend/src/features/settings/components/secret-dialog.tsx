import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import dialog from "@/components/dialog.module.css";
import { formatExact } from "@/lib/format";
import { words } from "@/words";
import type { Link } from "../api/shapes";
import { Secret } from "./secret";

interface SecretDialogProps {
  title: string;
  label: string;
  value: string;
  hint: string;
  onClose: () => void;
}

/**
 * A dialog for a secret that is shown once. Only its button closes it, so that it cannot be closed by
 * mistake.
 */
export const SecretDialog = ({ title, onClose, ...secret }: SecretDialogProps) => (
  <Dialog title={title} open stays>
    <div className={dialog.form}>
      <Secret {...secret} />
      <div className={dialog.actions}>
        <Button kind="primary" onClick={onClose}>
          {words.settings.done}
        </Button>
      </div>
    </div>
  </Dialog>
);

interface LinkDialogProps {
  title: string;
  link: Link;
  onClose: () => void;
}

/** Shows the link at which a user chooses a password, for the admin to pass on. */
export const LinkDialog = ({ title, link, onClose }: LinkDialogProps) => (
  <SecretDialog
    title={title}
    label={words.settings.link}
    value={location.origin + link.link}
    hint={words.settings.linkHint(formatExact(link.ends))}
    onClose={onClose}
  />
);
