import type { Metadata } from "next";
import { Projects } from "@/views/projects";

export const metadata: Metadata = { title: "Projects · OdooOps" };

export default function Page() {
  return <Projects />;
}
