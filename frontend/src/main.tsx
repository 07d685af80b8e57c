import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Boundary } from "@/components/boundary";
import { LOCALE } from "@/lib/locale";
import { Router } from "@/lib/route";
import { Access } from "./access";
import { Root } from "./root";
import "./styles/base.css";

function start(): void {
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");

  document.documentElement.lang = LOCALE;
  const router = new Router();
  router.start();

  const access = new Access();
  void access.start();

  createRoot(root).render(
    <StrictMode>
      <Boundary part="The page">
        <Root access={access} router={router} />
      </Boundary>
    </StrictMode>,
  );
}

// The history takes a path that begins with two slashes for the address of another site.
const { pathname, search, hash } = location;
if (pathname.startsWith("//")) location.replace(pathname.replace(/^\/+/, "/") + search + hash);
else start();
