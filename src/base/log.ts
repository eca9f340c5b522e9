/** Structured logs: one JSON object a line. Secrets and client addresses are never fields. */
import type { Clock } from "./clock.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** A log whose level can be changed while it is in use. */
export interface LeveledLog extends Log {
  level: LogLevel;
}

const ORDER: readonly LogLevel[] = ["debug", "info", "warn", "error"];
/** Fields of these names are redacted, whatever the caller meant. */
const SECRET = /(secret|private|password|token|mnemonic|authorization|apikey|api_key)/i;

/** A log that writes lines of JSON through `write`; lines below `level` are dropped. */
export function createLog(clock: Clock, level: LogLevel, write: (line: string) => void): LeveledLog {
  const emit = (lineLevel: LogLevel, message: string, fields: LogFields = {}) => {
    if (ORDER.indexOf(lineLevel) < ORDER.indexOf(log.level)) return;
    const clean: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(fields)) {
      clean[key] = SECRET.test(key) ? "[redacted]" : typeof value === "bigint" ? value.toString() : value;
    }
    write(`${JSON.stringify({ at: new Date(clock.nowMs()).toISOString(), level: lineLevel, message, ...clean })}\n`);
  };
  const log: LeveledLog = {
    level,
    debug: (message, fields) => emit("debug", message, fields),
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
  };
  return log;
}

/** Drops everything. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
