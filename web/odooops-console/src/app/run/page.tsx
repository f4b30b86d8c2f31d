import type { Metadata } from "next";
import { RunPage } from "@/views/run";

export const metadata: Metadata = { title: "Run · OdooOps" };

export default function Page() {
  return <RunPage />;
}
