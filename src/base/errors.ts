/**
 * The one error tree. Every error that leaves a room of Holdfast is a `BaseError`: a stable `code` for programs, a
 * sentence for people, and, where there is one, the thing to do about it.
 */

export interface BaseErrorOptions {
  /** What lies beneath, kept for `walk`. */
  readonly cause?: unknown;
  /** Extra lines: the offending value, where it stands, what to do. */
  readonly metaMessages?: readonly string[];
  /** Whether the same call may succeed later, unchanged. Set on transport errors. */
  readonly retriable?: boolean;
}

/**
 * Root of all errors.
 *
 * @example
 * ```ts
 * class EmptyLabelError extends BaseError {
 *   override readonly name = "Naming.EmptyLabelError";
 *   constructor(name: string) {
 *     super("NAMING_EMPTY_LABEL", `The name "${name}" has an empty label.`, { metaMessages: ["Remove the extra dot."] });
 *   }
 * }
 * ```
 */
export class BaseError extends Error {
  override readonly name: string = "BaseError";
  readonly code: string;
  readonly shortMessage: string;
  readonly metaMessages: readonly string[];
  readonly retriable: boolean;

  constructor(code: string, shortMessage: string, options: BaseErrorOptions = {}) {
    const metaMessages = options.metaMessages ?? [];
    super(
      [shortMessage, ...metaMessages].join("\n"),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.shortMessage = shortMessage;
    this.metaMessages = metaMessages;
    this.retriable = options.retriable ?? false;
  }

  /** The first error of the cause chain, this one included, for which `matches` is true; `undefined` if none is. */
  walk(matches: (error: unknown) => boolean): unknown {
    let current: unknown = this;
    // A cause chain is short; the bound keeps a cyclic one from hanging.
    for (let depth = 0; depth < 64 && current !== undefined && current !== null; depth += 1) {
      if (matches(current)) return current;
      current = current instanceof Error ? current.cause : undefined;
    }
    return undefined;
  }
}

/** A condition that only a defect of Holdfast itself can break. */
export class InvariantError extends BaseError {
  override readonly name = "InvariantError";
  constructor(message: string) {
    super("BASE_INVARIANT", message, { metaMessages: ["This is a defect in Holdfast; please report it."] });
  }
}

/** Checks arguments and results at room borders. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

/** An error's text on one line, for logs and traces. */
export function messageOf(error: unknown): string {
  if (error instanceof BaseError) return error.shortMessage;
  if (error instanceof Error) return error.message.split("\n", 1)[0] ?? error.name;
  return String(error);
}
