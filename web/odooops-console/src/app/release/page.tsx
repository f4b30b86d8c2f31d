import type { Metadata } from "next";
import { ReleasePage } from "@/views/release";

export const metadata: Metadata = { title: "Release · OdooOps" };

export default function Page() {
  return <ReleasePage />;
}
