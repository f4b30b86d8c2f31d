import type { Metadata } from "next";
import { Backups } from "@/views/backups";

export const metadata: Metadata = { title: "Backups · OdooOps" };

export default function Page() {
  return <Backups />;
}
