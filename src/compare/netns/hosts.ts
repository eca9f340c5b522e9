/**
 * Hosts on one Ethernet, each a network namespace with an address of its own, behind a bridge that has a namespace too; this
 * process stands beside them with the first address. Hosts can be cut off from one another, and their links be given delay and
 * loss. Everything is gone after `close`; if this process dies first, the reaper removes it.
 *
 * A cut is silent, as a broken cable between switches is: both sides get a neighbour entry with an Ethernet address that nobody
 * has, so that what they send to each other is dropped by everybody, and nobody is told.
 */

import type { Clock } from "../../base/clock.ts";
import { BaseError } from "../../base/errors.ts";
import type { Reaper } from "../local/reaper.ts";
import { ip, type NamespaceSupport, namespaceSupport, runCommand } from "./commands.ts";
import { Wire } from "./wire.ts";

/** How this process is called among the hosts. */
export const HERE = "here";
/** Locally administered, and nobody's. */
const NOBODY = "02:00:00:00:00:01";
/** Of the range for benchmarks of network devices (RFC 2544), so that no real network is hidden. */
const SUBNETS = "198.18";
const HOSTS_MAX = 200;

export class NamespacesUnavailableError extends BaseError {
  override readonly name = "Compare.NamespacesUnavailableError";
  constructor(reason: string) {
    super("COMPARE_NAMESPACES_UNAVAILABLE", `Hosts of network namespaces cannot be had: ${reason}.`);
  }
}

export class ShapingUnavailableError extends BaseError {
  override readonly name = "Compare.ShapingUnavailableError";
  constructor(reason: string) {
    super("COMPARE_SHAPING_UNAVAILABLE", `Links cannot be slowed or made lossy: ${reason}.`);
  }
}

/** What a link does to each packet that its host sends. */
export interface LinkShape {
  readonly delayMs?: number;
  /** Share of packets lost. */
  readonly lossRatio?: number;
}

interface Host {
  readonly name: string;
  readonly address: string;
  /** `undefined` for this process. */
  readonly namespace: string | undefined;
  readonly device: string;
  /** Number of its port of the switch. */
  readonly port: number;
}

const BRIDGE = "br0";

export class HostNet {
  readonly support: NamespaceSupport;
  readonly #tag = process.pid.toString(36);
  readonly #reaper: Reaper;
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #switch: string;
  /** Cuts that hold, as `left/right`, both ways. */
  readonly #cuts = new Set<string>();
  /** Wires between hosts and the switch, by host, where links are shaped without netem. */
  readonly #wires = new Map<string, Wire>();
  readonly #clock: Clock;

  private constructor(names: readonly string[], support: NamespaceSupport, reaper: Reaper, clock: Clock) {
    this.#clock = clock;
    this.support = support;
    this.#reaper = reaper;
    this.#switch = `hf-${this.#tag}-switch`;
    const subnet = `${SUBNETS}.${process.pid & 255}`;
    const hosts = names.map((name, index): Host => {
      const namespace = `hf-${this.#tag}-${index + 1}`;
      return { name, address: `${subnet}.${index + 2}`, namespace, device: "eth0", port: index + 1 };
    });
    const here: Host = { name: HERE, address: `${subnet}.1`, namespace: undefined, device: `hf${this.#tag}`, port: 0 };
    this.#hosts = new Map([here, ...hosts].map((host) => [host.name, host]));
  }

  /** Throws `NamespacesUnavailableError` where the machine does not allow it. On any error, nothing is left. */
  static async create(names: readonly string[], reaper: Reaper, clock: Clock): Promise<HostNet> {
    const support = await namespaceSupport();
    if (support.missing !== undefined) throw new NamespacesUnavailableError(support.missing);
    if (names.length > HOSTS_MAX) throw new NamespacesUnavailableError(`${names.length} hosts are too many`);
    const net = new HostNet(names, support, reaper, clock);
    try {
      await net.#build();
      return net;
    } catch (error) {
      await net.close();
      throw error;
    }
  }

  /** Of the hosts and of the switch between them. */
  get namespaces(): readonly string[] {
    return [this.#switch, ...[...this.#hosts.values()].flatMap(({ namespace }) => namespace ?? [])];
  }

  addressOf(name: string): string {
    return this.#host(name).address;
  }

  /** The command line that runs `command` on a host. */
  on(name: string, command: readonly string[]): readonly string[] {
    const { namespace } = this.#host(name);
    return namespace === undefined ? command : ["ip", "netns", "exec", namespace, ...command];
  }

  /** Cuts every host of `left` off from every one of `right`, both ways. */
  async cut(left: readonly string[], right: readonly string[]): Promise<void> {
    await this.#neighbours(
      left,
      right,
      (host, device) => `neigh replace ${host} lladdr ${NOBODY} nud permanent dev ${device}`,
      true,
    );
  }

  /** Cuts a host off from all others. */
  async isolate(name: string): Promise<void> {
    await this.cut(
      [name],
      [...this.#hosts.keys()].filter((other) => other !== name),
    );
  }

  /** Mends the cuts between `left` and `right`; those that there are not are left alone. */
  async mend(left: readonly string[], right: readonly string[] = [...this.#hosts.keys()]): Promise<void> {
    await this.#neighbours(left, right, (host, device) => `neigh del ${host} dev ${device}`, false);
  }

  /** Slows a host's link or makes it lossy; as it was with an empty shape. Throws `ShapingUnavailableError`. */
  async shape(name: string, shape: LinkShape): Promise<void> {
    const { shaping } = this.support;
    if (shaping.by === "nothing") throw new ShapingUnavailableError(shaping.missing);
    if (shaping.by === "wire") return await this.#shapeByWire(name, shape);
    const { delayMs = 0, lossRatio = 0 } = shape;
    const { namespace, device } = this.#host(name);
    const where = namespace === undefined ? [] : ["-n", namespace];
    const netem = ["netem", "delay", `${delayMs}ms`, "loss", `${lossRatio * 100}%`];
    await runCommand("tc", [...where, "qdisc", "replace", "dev", device, "root", ...netem]);
  }

  /** The kernel's netem does the same inside the link. */
  async #shapeByWire(name: string, shape: LinkShape): Promise<void> {
    const isPlain = (shape.delayMs ?? 0) === 0 && (shape.lossRatio ?? 0) === 0;
    const wire = this.#wires.get(name);
    if (isPlain) {
      this.#wires.delete(name);
      return await wire?.remove();
    }
    if (wire !== undefined) return await wire.setShape(shape);
    const { port } = this.#host(name);
    const common = { clock: this.#clock, reaper: this.#reaper };
    const place = { namespace: this.#switch, bridge: BRIDGE, port };
    this.#wires.set(name, await Wire.insert({ ...place, ...common }, shape));
  }

  /** Takes a host's link down, as when its cable is pulled, or up again. */
  async setLink(name: string, state: "up" | "down"): Promise<void> {
    const { namespace, device } = this.#host(name);
    await ip(namespace, [`link set ${device} ${state}`]);
  }

  /** Removes namespaces with their links. Processes in them must have ended, or the kernel keeps them until they do. */
  async close(): Promise<void> {
    await Promise.all([...this.#wires.values()].map((wire) => wire.end()));
    this.#wires.clear();
    await Promise.allSettled(this.namespaces.map((namespace) => ip(undefined, [`netns del ${namespace}`])));
    for (const namespace of this.namespaces) this.#reaper.forgetNamespace(namespace);
  }

  #host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new NamespacesUnavailableError(`there is no host "${name}"`);
    return host;
  }

  async #build(): Promise<void> {
    for (const namespace of this.namespaces) this.#reaper.watchNamespace(namespace);
    await ip(
      undefined,
      this.namespaces.map((namespace) => `netns add ${namespace}`),
    );
    const ports = [...this.#hosts.values()].flatMap(({ namespace, device, port }) => [
      `link add p${port} type veth peer name ${device} netns ${namespace ?? process.pid}`,
      `link set p${port} master ${BRIDGE} up`,
    ]);
    await ip(this.#switch, [`link add ${BRIDGE} type bridge`, `link set ${BRIDGE} up`, ...ports]);
    await Promise.all(
      [...this.#hosts.values()].map(({ address, device, namespace }) => {
        const loopback = namespace === undefined ? [] : ["link set lo up"];
        return ip(namespace, [...loopback, `addr add ${address}/24 dev ${device}`, `link set ${device} up`]);
      }),
    );
  }

  /** Changes the neighbour entries between both sides, where that changes anything. */
  async #neighbours(
    left: readonly string[],
    right: readonly string[],
    lineOf: (address: string, device: string) => string,
    isCut: boolean,
  ): Promise<void> {
    const lines = new Map<string | undefined, string[]>();
    const pairs = left.flatMap((from) => right.flatMap((to) => [[from, to] as const, [to, from] as const]));
    for (const [from, to] of pairs) {
      const key = `${from}/${to}`;
      if (from === to || this.#cuts.has(key) === isCut) continue;
      if (isCut) this.#cuts.add(key);
      else this.#cuts.delete(key);
      const { namespace, device } = this.#host(from);
      const mine = lines.get(namespace) ?? [];
      mine.push(lineOf(this.#host(to).address, device));
      lines.set(namespace, mine);
    }
    await Promise.all([...lines].map(([namespace, mine]) => ip(namespace, mine)));
  }
}
