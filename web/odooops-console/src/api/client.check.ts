// Read by the compiler alone: what the API's document does not have is no call.
import type { Api } from "./client";

// @ts-expect-error: there is no such path
export const elsewhere = (api: Api) => api.GET("/v1/nothing");
// @ts-expect-error: a number is no text
export const ofAnotherType = (api: Api) => api.GET("/v1/runs", { params: { query: { number: "1" } } });
// @ts-expect-error: a queue is read, not written
export const byAnotherMethod = (api: Api) => api.POST("/v1/queue");
