import type { NextConfig } from "next";

// Files alone: no server of ours answers, and any static host serves them.
const config: NextConfig = {
  output: "export",
  trailingSlash: true,
  images: { unoptimized: true },
  poweredByHeader: false,
  // `npm run typecheck` is the one place; it makes the types of the API first.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: import.meta.dirname },
};

export default config;
