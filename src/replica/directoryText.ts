/** The directory as the store keeps it: a JSON document, without the chain and block that a published snapshot names. */
import { type Directory, EMPTY_DIRECTORY } from "../directory/directory.ts";
import type { Store } from "./store/store.ts";

export function formatDirectory(directory: Directory): string {
  const { version, gateways, table, former, isolated } = directory;
  return JSON.stringify({
    version: version.toString(),
    gateways: [...gateways.values()],
    table: Buffer.from(table.buffer, table.byteOffset, table.byteLength).toString("base64"),
    former: [...former],
    isolated: [...isolated],
  });
}

/** The directory of a document that `formatDirectory` wrote. */
export function parseDirectory(text: string): Directory {
  const { version, gateways, table, former, isolated } = JSON.parse(text);
  const bytes = Buffer.from(table, "base64");
  return {
    version: BigInt(version),
    gateways: new Map(gateways.map((gateway: { id: number }) => [gateway.id, gateway])),
    table: new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
    former: new Map(former),
    isolated: new Map(isolated),
  };
}

/** The directory at a store's head; empty where no event told of it. */
export function storedDirectory(store: Pick<Store, "meta">): Directory {
  const text = store.meta("directory");
  return text === undefined ? EMPTY_DIRECTORY : parseDirectory(text);
}
