/** Writes sets to a store until it is killed, and says of each when it was acknowledged. Arguments: path, first number, last number. */
import { SetStore } from "../../../src/gateway/sets/setStore.ts";
import { crashName, crashText, IN_FLIGHT } from "./crash.ts";

const [path = "", first = "0", last = "0"] = process.argv.slice(2);
const store = new SetStore(path);
let next = Number(first);

async function write(): Promise<void> {
  while (next <= Number(last)) {
    const number = next;
    next += 1;
    await store.put({ name: crashName(number), sequence: BigInt(number), text: crashText(number) });
    process.stdout.write(`${number}\n`);
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, write));
store.close();
