/** How a name client is set up. */
import type { Hex } from "../base/bytes.ts";
import type { Clock } from "../base/clock.ts";
import type { Random } from "../base/random.ts";
import type { DirectorySnapshot } from "../directory/snapshot.ts";
import type { CacheOptions } from "./cache.ts";
import type { FreshnessOptions } from "./guard.ts";
import type { HealthOptions } from "./health.ts";
import type { LightClient } from "./lightClient.ts";
import type { DnsPathOptions } from "./paths/dnsPath.ts";
import type { RecoverAddress } from "./paths/gatewayAnswer.ts";
import type { PolicyFunction, PolicyName } from "./policy.ts";
import type { RetryBudgetOptions } from "./retryBudget.ts";
import type { SetSource } from "./signedSets.ts";
import type { ClientTransport } from "./transport.ts";

/** What the client needs of a deployments file. */
export interface ClientDeployment {
  readonly chainId: number;
  readonly tld: string;
  readonly contracts: {
    readonly registry: Hex;
    readonly directory: Hex;
    /** Whose names have records that their owners signed. */
    readonly offchainResolver?: Hex;
    /** Keeps primary names. */
    readonly reverseRegistrar?: Hex;
  };
  readonly codeHashes: { readonly registry: Hex; readonly directory?: Hex; readonly reverseRegistrar?: Hex };
}

export interface TrustOptions {
  /**
   * What the gateways are asked for: a state proof with header attestations (the default), or the signature of two of the
   * name's four, which withstands one liar among them, not two.
   */
  readonly gateways?: "proof" | "signature";
  /** How many gateways of distinct operators must attest a header before proofs from it count. */
  readonly attestationQuorum?: number;
  /**
   * Tells which headers are the chain's. With one, proofs count from its headers and from no others, whoever attests or agrees.
   */
  readonly lightClient?: LightClient;
  /**
   * Whether an answer that RPC providers agree on may be returned where none can be proven: of names whose resolver is a contract
   * other than the deployment's. Allowed unless said otherwise.
   */
  readonly agreement?: "allowed" | "refused";
  /** How many RPC providers must tell of the same block. With 1, answers of the chain path carry no evidence. */
  readonly rpcQuorum?: number;
  /** Whether an answer without evidence may be returned when none with evidence is to be had. */
  readonly unverified?: "allowed" | "refused";
  /** How long evidence is waited for while an answer without any is at hand, in milliseconds. */
  readonly unverifiedAfterMs?: number;
}

export interface PathsOptions {
  readonly dns?: DnsPathOptions;
  readonly chain?: {
    readonly rpcUrls: readonly string[];
    /**
     * Which URLs may be asked that contracts other than the deployment's name (ERC-3668); by default those that point outward.
     */
    readonly allowsUrl?: (url: string) => boolean;
  };
  readonly gateways?: {
    readonly directory: DirectorySnapshot;
    /**
     * Whether shard hints say where a name never met may be asked about, those of the snapshot and newer ones; without, its first
     * question takes a second exchange. Used unless said otherwise.
     */
    readonly shardHints?: "used" | "unused";
  };
}

/** Where sets that owners signed are looked for beside the name's own gateways. */
export interface SignedSetsOptions {
  /** Servers that hold sets, by the URL of their root: re-served exports, for one. */
  readonly mirrors?: readonly string[];
  /** Sets at hand, such as those of an exported file. */
  readonly sources?: readonly SetSource[];
}

export interface NameClientOptions {
  readonly deployment: ClientDeployment;
  readonly paths: PathsOptions;
  readonly transport: ClientTransport;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly policy?: PolicyName | PolicyFunction;
  readonly trust?: TrustOptions;
  readonly freshness?: FreshnessOptions;
  readonly signedSets?: SignedSetsOptions;
  /** `false` for none. */
  readonly cache?: CacheOptions | false;
  readonly health?: HealthOptions;
  readonly retryBudget?: RetryBudgetOptions;
  /** For a whole resolution, in milliseconds. */
  readonly deadlineMs?: number;
  /** Seeds the order in which this client asks a name's gateways; random unless given. */
  readonly seed?: string;
  /** A faster implementation of the proof room's `recoverAddress`. */
  readonly recoverAddress?: RecoverAddress;
}
