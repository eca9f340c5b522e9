/** The faults of a scenario, as data: what is done, to which endpoints, for whom, and to how many of the names. */
import { z } from "zod";

const ratio = z.number().min(0).max(1);

/** Which endpoints a fault hits. */
export const faultTargetSchema = z.discriminatedUnion("path", [
  /** A DNS provider's servers; without `provider`, all providers'; without `transport`, by UDP and TCP alike. */
  z.strictObject({
    path: z.literal("dns"),
    provider: z.string().optional(),
    transport: z.enum(["udp", "tcp"]).optional(),
  }),
  /** Gateways: all, one zone's, one operator's (counted from 0), the listed machines, or those that serve one name. */
  z.strictObject({
    path: z.literal("gateways"),
    zone: z.number().int().min(0).max(3).optional(),
    operator: z.number().int().nonnegative().optional(),
    /** Machines, counted from 0. */
    machines: z.array(z.number().int().nonnegative()).min(1).max(2048).optional(),
    /** The gateways of this name's shard, by the name's number, counted from 0. */
    shardOfName: z.number().int().nonnegative().optional(),
  }),
  /** RPC providers; without `provider`, all. */
  z.strictObject({ path: z.literal("chain"), provider: z.string().optional() }),
]);

/** What a hit endpoint does. The first eight cover every outage on record. */
export const faultEffectSchema = z.discriminatedUnion("kind", [
  /** Takes queries and never answers. */
  z.strictObject({ kind: z.literal("silent") }),
  /** Withdrawn, or not listening: the sender learns at once. */
  z.strictObject({ kind: z.literal("refused") }),
  z.strictObject({ kind: z.literal("servfail") }),
  /** Says that the name does not exist. */
  z.strictObject({ kind: z.literal("nxdomain") }),
  /** Says that the name has no such record. */
  z.strictObject({ kind: z.literal("empty") }),
  /** Answers with another's address. */
  z.strictObject({ kind: z.literal("wrong") }),
  /** Answers from the state it had when the fault began. */
  z.strictObject({ kind: z.literal("stale") }),
  /** Answers late, and each waiting client asks again meanwhile: load grows by `retryFactor`. */
  z.strictObject({
    kind: z.literal("slow"),
    addedMs: z.number().positive(),
    retryFactor: z.number().min(1).default(1),
  }),
  /** Loses this share of packets, each way together. */
  z.strictObject({ kind: z.literal("loss"), ratio }),
  /** Answers at most so many queries a second and refuses the rest as too many. */
  z.strictObject({ kind: z.literal("rateLimit"), perSecond: z.number().positive() }),
  /** Attack traffic that uses up capacity: what exceeds it is lost, wanted or not. */
  z.strictObject({ kind: z.literal("flood"), perSecond: z.number().positive() }),
  /** Sends its answer a byte at a time, so slowly that it never ends. */
  z.strictObject({ kind: z.literal("drip") }),
]);

/** What an RPC provider can do for some names and not for others: it knows slots, so it can lie about those of a name. */
const LIES: readonly string[] = ["wrong", "nxdomain", "empty"];

export const faultSchema = z
  .strictObject({
    on: faultTargetSchema,
    effect: faultEffectSchema,
    /** Share of the endpoints hit, the first ones in order. */
    share: ratio.default(1),
    /** Share of the names for which it shows: the first ones in order. */
    names: ratio.default(1),
    /** Vantage points that see it; all without it. */
    from: z.array(z.string()).min(1).optional(),
  })
  .superRefine(({ on, effect, names }, context) => {
    const complain = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (names < 1 && effect.kind === "refused") {
      complain(["names"], "a port is closed to everybody or to nobody, and never for some names only");
    }
    if (names < 1 && on.path === "chain" && !LIES.includes(effect.kind)) {
      complain(["names"], "RPC providers are asked for slots: they can lie about some names, and fail only for all");
    }
    if (on.path === "dns" && on.transport !== undefined && effect.kind === "refused") {
      complain(["on", "transport"], "a server that is withdrawn is so by UDP and TCP alike; one of them can be silent");
    }
  });

export type Fault = z.infer<typeof faultSchema>;
export type FaultTarget = z.infer<typeof faultTargetSchema>;
export type FaultEffect = z.infer<typeof faultEffectSchema>;
export type FaultKind = FaultEffect["kind"];
