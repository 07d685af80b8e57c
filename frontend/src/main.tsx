import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { startLanguage } from "@/lib/language";
import { Router } from "@/lib/route";
import { Access } from "./access";
import { Root } from "./root";
import "./styles/base.css";

async function start(): Promise<void> {
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");

  const router = new Router();
  router.start();

  const access = new Access();
  void access.start();

  try {
    await startLanguage(); // before the first view, so that it is in the reader's language
  } catch {
    document.getElementById("unloaded")?.removeAttribute("hidden");
    return;
  }
  createRoot(root).render(
    <StrictMode>
      <Root access={access} router={router} />
    </StrictMode>,
  );
}

// `history` treats a path that begins with two slashes as the address of another site.
const { pathname, search, hash } = location;
if (pathname.startsWith("//")) location.replace(pathname.replace(/^\/+/, "/") + search + hash);
else void start();
