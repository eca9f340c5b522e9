/** `/v1/openapi.json`: the description of this API for machines (OpenAPI 3.1), a file beside this one. */
import { readFileSync } from "node:fs";
import type { Route } from "./handler.ts";

const file = new URL("./openapi.json", import.meta.url);

export function openApiRoute(): Route {
  const body = readFileSync(file, "utf8");
  const fields = { "content-type": "application/json", "cache-control": "public, max-age=3600" };
  return { method: "GET", path: "/v1/openapi.json", handle: () => ({ status: 200, fields, body }) };
}
