/**
 * A scenario: topology, load, a timeline of faults, and claims. The same data runs live, against processes on the local
 * network, and simulated, against the same client and gateway code on a false clock.
 */
import { z } from "zod";
import { distributionSchema } from "./distribution.ts";
import { type FaultTarget, faultSchema } from "./fault.ts";

const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be lower-case letters, digits and hyphens");
const count = z.number().int().min(1);
const text = z.string().min(1);

/** Where clients stand. A fault may be seen from some vantage points only. */
const vantageSchema = z.strictObject({
  id,
  /** Share of all probes sent from here, relative to the other vantage points. */
  weight: z.number().positive().default(1),
  /** Added to every exchange from here, in milliseconds. */
  addedLatencyMs: z.number().nonnegative().default(0),
});

/** One company's name servers, or one network's recursive resolvers: whatever a lookup by DNS must get past. */
const dnsProviderSchema = z.strictObject({
  id,
  role: z.enum(["authoritative", "recursive"]).default("authoritative"),
  servers: count.max(64).default(4),
  latencyMs: distributionSchema.default({ kind: "lognormal", medianMs: 15, p99Ms: 90 }),
  /** Queries a second that one server answers before it sheds; none: never sheds. */
  capacityPerSecond: z.number().positive().optional(),
  /** Everybody's ordinary queries to one server, a second; counts against its capacity. */
  loadPerSecond: z.number().nonnegative().default(0),
});

const topologySchema = z.strictObject({
  vantages: z
    .array(vantageSchema)
    .min(1)
    .max(64)
    .default([{ id: "here", weight: 1, addedLatencyMs: 0 }]),
  dns: z
    .strictObject({
      providers: z.array(dnsProviderSchema).min(1).max(16),
      /** Clients ask through caches that keep answers this long, in seconds; 0: every probe reaches the servers. */
      cacheTtlSeconds: z.number().int().nonnegative().default(0),
      /** How long a cache keeps "no such name" and "no data", in seconds. */
      negativeTtlSeconds: z.number().int().nonnegative().default(0),
    })
    .prefault({ providers: [{ id: "dns-a" }, { id: "dns-b" }] }),
  gateways: z
    .strictObject({
      /** Machines, spread evenly over the four zones; each stands for many virtual gateways. */
      count: count.min(4).max(2048).default(16),
      operators: count.max(2048).default(8),
      latencyMs: distributionSchema.default({ kind: "lognormal", medianMs: 20, p99Ms: 120 }),
      capacityPerSecond: z.number().positive().optional(),
      loadPerSecond: z.number().nonnegative().default(0),
    })
    .prefault({}),
  chain: z
    .strictObject({
      /** RPC providers, each of a distinct operator. */
      providers: z.array(id).min(1).max(16).default(["rpc-a", "rpc-b", "rpc-c"]),
      latencyMs: distributionSchema.default({ kind: "lognormal", medianMs: 60, p99Ms: 300 }),
      capacityPerSecond: z.number().positive().optional(),
      loadPerSecond: z.number().nonnegative().default(0),
      blockSeconds: z.number().positive().default(12),
    })
    .prefault({}),
});

/** One way of running a name, to be compared with the others: which paths it has, and in which order they are asked. */
const serviceSchema = z.strictObject({
  id,
  title: text,
  policy: z.enum(["verified-first", "dns-first", "race"]).default("dns-first"),
  /** DNS providers that serve the name; none: the name is not in DNS. */
  dns: z.array(id).max(16).default([]),
  gateways: z.boolean().default(false),
  chain: z.boolean().default(false),
  /** What the gateways path rests on: two of the name's four sign alike, or a state proof under a header that two attest. */
  evidence: z.enum(["signature", "proof"]).default("signature"),
  /** RPC providers that the chain path asks; all of the topology's without it. */
  rpc: z.array(id).min(1).max(16).optional(),
});

const loadSchema = z.strictObject({
  /** Names under test; the simulator's `--names` overrides it. */
  names: count.max(1_000_000).default(100),
  /** Probes of each service a second, over all vantage points, in uncompressed time. */
  probesPerSecond: z.number().positive().max(10_000).default(1),
  /** How a probe picks its name: all alike, or few of them most of the time (Zipf, exponent 1). */
  popularity: z.enum(["uniform", "zipf"]).default("uniform"),
  /**
   * Whom a probe is made by: a client that has met the name once while all was well, and so knows its gateways and how fast
   * everybody usually answers; or one that starts from the directory alone.
   */
  clients: z.enum(["acquainted", "cold"]).default("acquainted"),
  /** A probe is over after this long, in milliseconds (RSSAC047: 4 s). */
  timeoutMs: z.number().positive().default(4000),
  /** Verified answers older than this count as stale, in seconds. */
  maxAgeSeconds: z.number().positive().default(300),
});

const phaseSchema = z.strictObject({
  id,
  seconds: z.number().positive(),
  faults: z.array(faultSchema).max(64).default([]),
});

/** What the run must show. `min` and `max` are both inclusive; at least one is given. */
const claimSchema = z
  .strictObject({
    text: text,
    service: id,
    phase: id,
    /** Only probes from this vantage point. */
    vantage: id.optional(),
    /** Only probes of names that the phase's `names` fault hits (`hit`), or only of the others (`spared`). */
    names: z.enum(["hit", "spared"]).optional(),
    measure: z.enum(["availability", "wrongRatio", "staleRatio", "latencyMsP50", "latencyMsP99", "queriesPerProbe"]),
    min: z.number().optional(),
    max: z.number().optional(),
  })
  .refine((claim) => claim.min !== undefined || claim.max !== undefined, {
    message: "needs min or max",
    path: ["min"],
  });

/** Assumed prices in US dollars, stated so that they can be argued with; a run's cost table is made from them. */
const pricesSchema = z.strictObject({
  dnsZonePerMonth: z.number().nonnegative().default(0.5),
  dnsPerMillionQueries: z.number().nonnegative().default(0.4),
  /** One gateway machine; its cost is shared by the names it serves. */
  gatewayPerMonth: z.number().nonnegative().default(20),
  namesPerFleet: z.number().positive().default(100_000),
  rpcPerMillionCalls: z.number().nonnegative().default(1),
  /** Gas of a registration with address, and of a yearly renewal. */
  registrationGas: z.number().nonnegative().default(140_000),
  renewalGas: z.number().nonnegative().default(37_000),
  gasPriceGwei: z.number().nonnegative().default(2),
  etherUsd: z.number().nonnegative().default(3000),
});

export const SERVICES_DEFAULT: readonly z.input<typeof serviceSchema>[] = [
  { id: "one-provider", title: "One DNS provider", policy: "dns-first", dns: ["dns-a"], gateways: false, chain: false },
  {
    id: "two-providers",
    title: "Two DNS providers",
    policy: "dns-first",
    dns: ["dns-a", "dns-b"],
    gateways: false,
    chain: false,
  },
  {
    id: "registry",
    title: "Registry with gateways",
    policy: "verified-first",
    dns: ["dns-a"],
    gateways: true,
    chain: true,
  },
];

/** Whether every server that a fault hits has a capacity that can be used up. */
function hasCapacity(topology: z.infer<typeof topologySchema>, on: FaultTarget): boolean {
  if (on.path !== "dns") return topology[on.path].capacityPerSecond !== undefined;
  const { providers } = topology.dns;
  const hit = providers.filter(({ id: provider }) => on.provider === undefined || on.provider === provider);
  return hit.every(({ capacityPerSecond }) => capacityPerSecond !== undefined);
}

export const scenarioSchema = z
  .strictObject({
    id,
    title: text,
    summary: text,
    /** What a report in Korean says instead; claims in the order of the claims. */
    ko: z.strictObject({ title: text, summary: text, claims: z.array(text).optional() }).optional(),
    /** The outage replayed; absent for made-up ones. */
    incident: z
      .strictObject({
        startAt: text,
        durationMinutes: z.number().positive(),
        /** What failed alone and took the rest with it. */
        singlePoint: text,
        clientsSaw: text,
      })
      .optional(),
    /** `true` for a canary: it must break at least one claim, or the instrument is blind. */
    mustFail: z.boolean().default(false),
    topology: topologySchema.prefault({}),
    services: z
      .array(serviceSchema)
      .min(1)
      .max(8)
      .prefault([...SERVICES_DEFAULT]),
    load: loadSchema.prefault({}),
    phases: z.array(phaseSchema).min(1).max(64),
    /** Seconds of the timeline per second of a live run. */
    liveCompression: z.number().min(1).default(1),
    claims: z.array(claimSchema).max(64).default([]),
    prices: pricesSchema.prefault({}),
  })
  .superRefine((scenario, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    const ids = {
      vantage: new Set(scenario.topology.vantages.map((vantage) => vantage.id)),
      provider: new Set(scenario.topology.dns.providers.map((provider) => provider.id)),
      rpc: new Set(scenario.topology.chain.providers),
      service: new Set(scenario.services.map((service) => service.id)),
      phase: new Set(scenario.phases.map((phase) => phase.id)),
    };
    if (scenario.ko?.claims !== undefined && scenario.ko.claims.length !== scenario.claims.length) {
      complain(["ko", "claims"], `there are ${scenario.claims.length} claims`);
    }
    if (ids.phase.size !== scenario.phases.length) complain(["phases"], "two phases have the same id");
    if (ids.service.size !== scenario.services.length) complain(["services"], "two services have the same id");
    const known = (set: ReadonlySet<string>, value: string | undefined, path: (string | number)[], what: string) => {
      if (value !== undefined && !set.has(value))
        complain(path, `no ${what} "${value}"; one of ${[...set].join(", ")}`);
    };
    scenario.services.forEach((service, at) => {
      service.dns.forEach((provider, index) => {
        known(ids.provider, provider, ["services", at, "dns", index], "DNS provider");
      });
      for (const provider of service.rpc ?? []) known(ids.rpc, provider, ["services", at, "rpc"], "RPC provider");
      if (service.dns.length === 0 && !service.gateways && !service.chain) {
        complain(["services", at], "has no path at all");
      }
    });
    scenario.phases.forEach((phase, at) => {
      phase.faults.forEach((fault, index) => {
        const path = ["phases", at, "faults", index];
        if (fault.on.path === "dns")
          known(ids.provider, fault.on.provider, [...path, "on", "provider"], "DNS provider");
        if (fault.on.path === "chain") known(ids.rpc, fault.on.provider, [...path, "on", "provider"], "RPC provider");
        if (fault.effect.kind === "flood" && !hasCapacity(scenario.topology, fault.on)) {
          complain(
            [...path, "effect", "kind"],
            "a flood uses up a capacityPerSecond, and these servers are given none",
          );
        }
        for (const vantage of fault.from ?? []) known(ids.vantage, vantage, [...path, "from"], "vantage point");
      });
    });
    scenario.claims.forEach((claim, at) => {
      known(ids.service, claim.service, ["claims", at, "service"], "service");
      known(ids.phase, claim.phase, ["claims", at, "phase"], "phase");
      known(ids.vantage, claim.vantage, ["claims", at, "vantage"], "vantage point");
    });
  });

export type Scenario = z.infer<typeof scenarioSchema>;
/** A scenario as its file spells it: defaults not yet filled in. */
export type ScenarioInput = z.input<typeof scenarioSchema>;
export type Service = Scenario["services"][number];
export type Phase = Scenario["phases"][number];
export type Claim = Scenario["claims"][number];
export type Vantage = Scenario["topology"]["vantages"][number];

/** The fractions a scenario's phases cover, in seconds from its start. */
export function phaseSpans(
  scenario: Scenario,
): readonly { readonly phase: Phase; readonly fromMs: number; readonly toMs: number }[] {
  let atMs = 0;
  return scenario.phases.map((phase) => {
    const fromMs = atMs;
    atMs += phase.seconds * 1000;
    return { phase, fromMs, toMs: atMs };
  });
}
