"use client";

import Link from "next/link";
import { usePathname, useSearchParams } from "next/navigation";
import { type ReactNode, Suspense, useEffect, useRef } from "react";
import { SignedIn, useSession } from "@/session/session";
import { placeOf } from "./parts";

const TABS = [
  ["/project/", "Overview"],
  ["/runs/", "Runs"],
  ["/artifacts/", "Artifacts"],
  ["/releases/", "Releases"],
  ["/backups/", "Backups"],
] as const;

/** What every page has: a way past the links, who is signed in, where one may go, and the page itself. */
export function Shell({ children }: { children: ReactNode }) {
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Suspense fallback={<Frame>Loading…</Frame>}>
        <SignedIn frame={Frame}>
          <Account />
          <Tabs />
          <Content>{children}</Content>
        </SignedIn>
      </Suspense>
    </>
  );
}

/** A page without anybody. */
function Frame({ children }: { children: ReactNode }) {
  return (
    <>
      <header>
        <span className="brand">OdooOps</span>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function Account() {
  const { bearer, signOut } = useSession();
  return (
    <header>
      <Link className="brand" href="/" prefetch={false}>
        OdooOps
      </Link>
      <div className="account">
        <span>{bearer.name}</span>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </div>
    </header>
  );
}

function Tabs() {
  const project = useSearchParams().get("project");
  const path = usePathname();
  if (!project) return null;
  return (
    <nav aria-label={project}>
      <strong>{project}</strong>
      {TABS.map(([page, name]) => (
        <Link
          key={page}
          href={placeOf(page, { project })}
          prefetch={false}
          aria-current={path === page ? "page" : undefined}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

/** The page's own part; who goes from page to page by keyboard goes on at its beginning. */
function Content({ children }: { children: ReactNode }) {
  const path = usePathname();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current !== path) main.current?.focus();
    shown.current = path;
  }, [path]);
  return (
    <main id="main" tabIndex={-1} ref={main}>
      {children}
    </main>
  );
}
