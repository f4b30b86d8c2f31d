import type { Metadata } from "next";
import { Releases } from "@/views/releases";

export const metadata: Metadata = { title: "Releases · OdooOps" };

export default function Page() {
  return <Releases />;
}
