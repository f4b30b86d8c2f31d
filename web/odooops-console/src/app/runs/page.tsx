import type { Metadata } from "next";
import { Runs } from "@/views/runs";

export const metadata: Metadata = { title: "Runs · OdooOps" };

export default function Page() {
  return <Runs />;
}
