/** A replica of the synthetic chain in a process of its own, which says how far it is after every run of blocks until it is killed. */
import { systemClock } from "../../../src/base/clock.ts";
import { silentLog } from "../../../src/base/log.ts";
import { openSynthetic } from "./synthetic.ts";

const [path = "", nameCount = "0"] = process.argv.slice(2);
const replica = openSynthetic(path, Number(nameCount), systemClock, silentLog);
replica.onChange(({ head }) => process.send?.({ head: head?.number ?? -1 }));
await replica.step();
process.send?.({ done: true });
