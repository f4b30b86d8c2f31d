import type { Metadata } from "next";
import { Overview } from "@/views/overview";

export const metadata: Metadata = { title: "Overview · OdooOps" };

export default function Page() {
  return <Overview />;
}
