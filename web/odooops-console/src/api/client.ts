import createClient, { type Client } from "openapi-fetch";
import { problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Api = Client<paths>;
export type Schemas = components["schemas"];

/** Gives the bearer's token or key, renewed where it was due. */
export type Credential = () => Promise<string>;

/** Return a client of the gateway that acts as the bearer of the credential, and sends no cookie. */
export function apiOf(gateway: string, credential: Credential): Api {
  const api = createClient<paths>({ baseUrl: gateway, credentials: "omit", cache: "no-store" });
  api.use({
    async onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${await credential()}`);
      return request;
    },
  });
  return api;
}

/** Return what a request brought; throw what the API says of one that it refused. */
export async function got<T>(asked: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  const { data, error, response } = await asked;
  if (!response.ok) throw problemOf(response.status, error);
  return data as T;
}
