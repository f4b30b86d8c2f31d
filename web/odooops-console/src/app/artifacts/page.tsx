import type { Metadata } from "next";
import { Artifacts } from "@/views/artifacts";

export const metadata: Metadata = { title: "Artifacts · OdooOps" };

export default function Page() {
  return <Artifacts />;
}
