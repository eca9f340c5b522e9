/** The child's side: takes its configuration from the parent, says when it is ready, and ends when the parent is gone. */
import { messageOf } from "../../base/errors.ts";

export type ToChild =
  | { readonly kind: "start"; readonly config: unknown }
  | { readonly kind: "message"; readonly message: unknown };

export type FromChild =
  | { readonly kind: "ready"; readonly ready: unknown }
  | { readonly kind: "portInUse"; readonly port: number }
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "message"; readonly message: unknown };

/** What a child hands back once it runs. */
export interface Running {
  /** Told to the parent: addresses, ids. Structured-cloneable. */
  readonly ready: unknown;
  /** Gives up what it holds. */
  readonly close: () => Promise<void>;
  readonly onMessage?: (message: unknown) => void;
}

/** Sends something to the parent while running. */
export function tellParent(message: unknown): void {
  if (process.connected) process.send?.({ kind: "message", message } satisfies FromChild);
}

/** The whole life of a child process. */
export function runChild<Config>(start: (config: Config) => Promise<Running>): void {
  let running: Running | undefined;
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    const close = running?.close() ?? Promise.resolve();
    close.then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on("SIGTERM", end);
  // The parent ends its children itself on Ctrl-C.
  process.on("SIGINT", () => {});
  process.on("disconnect", end);
  process.on("message", (raw: ToChild) => {
    if (raw.kind === "message") return running?.onMessage?.(raw.message);
    start(raw.config as Config).then(
      (value) => {
        running = value;
        process.send?.({ kind: "ready", ready: value.ready } satisfies FromChild);
      },
      (error: unknown) => {
        process.send?.(failure(error), undefined, undefined, () => process.exit(1));
      },
    );
  });
}

function failure(error: unknown): FromChild {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code, port } = current as NodeJS.ErrnoException & { port?: number };
    if (code === "EADDRINUSE" && port !== undefined) return { kind: "portInUse", port };
  }
  return { kind: "failed", reason: messageOf(error) };
}
