/** The table of powers in contracts/README.md, held against a real deployment. */
import { expect } from "chai";
import { artifacts } from "hardhat";
import { type Abi, decodeErrorResult, encodeFunctionData, type Hex } from "viem";
import { controllerAbi } from "../../src/chain/abis/controller.ts";
import { directoryAbi } from "../../src/chain/abis/directory.ts";
import { offchainResolverAbi } from "../../src/chain/abis/offchainResolver.ts";
import { registryAbi } from "../../src/chain/abis/registry.ts";
import { reverseRegistrarAbi } from "../../src/chain/abis/reverseRegistrar.ts";
import { deployContracts } from "../../src/chain/deploy.ts";
import type { Deployment } from "../../src/chain/deployment.ts";
import { namehash } from "../../src/naming/namehash.ts";
import { revertData } from "./support/holdfast.ts";
import { connectTo, passTime, startEdr, type TestNode } from "./support/node.ts";
import { registerAll, send } from "./support/world.ts";

const DELAY_SECONDS = 172_800;
const NODE = namehash("shop.hold");
const { abi: accessManagerAbi } = await artifacts.readArtifact("AccessManager");
const { abi: universalResolverAbi } = await artifacts.readArtifact("UniversalResolver");
const ERRORS: Abi = [accessManagerAbi, directoryAbi, reverseRegistrarAbi, registryAbi].flatMap((abi) =>
  (abi as Abi).filter(({ type }) => type === "error"),
);

describe("governance", () => {
  let node: TestNode;
  let deployment: Deployment;
  type Client = Awaited<ReturnType<typeof connectTo>>;
  let deployer: Client;
  let owner: Client;
  let admin: Client;
  let fleet: Client;
  let isolation: Client;

  before(async function () {
    this.timeout(60_000);
    node = await startEdr();
    [deployer, owner, admin, fleet, isolation] = (await Promise.all(
      [0, 1, 2, 3, 4].map((index) => connectTo(node, index)),
    )) as [Client, Client, Client, Client, Client];
    deployment = await deployContracts({
      chain: node.url,
      pollMs: 20,
      admin: admin.account.address,
      fleet: fleet.account.address,
      isolation: isolation.account.address,
      fleetDelaySeconds: DELAY_SECONDS,
      adminDelaySeconds: DELAY_SECONDS,
    });
    await registerAll(node, deployment, owner, [{ label: "shop", owner: owner.account.address }]);
  });
  after(() => node?.stop());

  const call = (abi: Abi | readonly unknown[], functionName: string, ...args: readonly unknown[]) =>
    encodeFunctionData({ abi: abi as Abi, functionName, args });
  const refused = async (client: Client, to: Hex, data: Hex, reason: RegExp) => {
    const error = await send(client, to, data).catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(Error);
    expect(decodeErrorResult({ abi: ERRORS, data: revertData(error) }).errorName).to.match(reason);
  };
  /** Announces a call through the AccessManager, waits for the delay, makes it. */
  const later = async (client: Client, target: Hex, data: Hex) => {
    const { accessManager } = deployment.contracts;
    const execute = call(accessManagerAbi, "execute", target, data);
    await refused(client, accessManager, execute, /AccessManagerNotScheduled|AccessManagerUnauthorizedCall/);
    await send(client, accessManager, call(accessManagerAbi, "schedule", target, data, 0));
    await refused(client, accessManager, execute, /AccessManagerNotReady/);
    await passTime(node, DELAY_SECONDS);
    await send(client, accessManager, execute);
  };
  const gateway = () =>
    call(directoryAbi, "registerGateway", {
      operator: owner.account.address,
      signer: owner.account.address,
      zone: 0,
      httpUrl: "https://g.example.org",
      dnsEndpoint: "g.example.org:53",
    });

  it("leaves the deployer without power", async () => {
    const { accessManager, directory, reverseRegistrar, registry } = deployment.contracts;
    const { address } = deployer.account;
    await refused(deployer, accessManager, call(accessManagerAbi, "grantRole", 1n, address, 0), /AccessManager/);
    await refused(deployer, directory, gateway(), /AccessManaged/);
    await refused(deployer, directory, call(directoryAbi, "isolate", NODE, 0xffffffe0), /AccessManaged/);
    await refused(
      deployer,
      reverseRegistrar,
      call(reverseRegistrarAbi, "setController", address, true),
      /AccessManaged/,
    );
    await refused(deployer, registry, call(registryAbi, "setController", address), /RegistryUnauthorized/);
  });

  it("lets the fleet role list gateways after its delay, and not isolate", async () => {
    const { directory } = deployment.contracts;
    await later(fleet, directory, gateway());
    await refused(fleet, directory, call(directoryAbi, "isolate", NODE, 0xffffffe0), /AccessManaged/);
    // Keys and endpoints are the operator's.
    const update = call(directoryAbi, "updateGateway", 1, fleet.account.address, "https://x", "x:53");
    await refused(fleet, directory, update, /GatewayDirectoryNotOperator/);
    await send(
      owner,
      directory,
      call(directoryAbi, "updateGateway", 1, owner.account.address, "https://x.example.org", "x.example.org:53"),
    );
  });

  it("lets the isolation role act at once, and list nobody", async () => {
    const { directory } = deployment.contracts;
    await send(isolation, directory, call(directoryAbi, "assignReservedSlot", 0, 0, 1));
    await refused(isolation, directory, gateway(), /AccessManaged/);
  });

  it("lets the admin appoint another controller after its delay, which cannot touch a name that is held", async () => {
    const { registry, controller } = deployment.contracts;
    const { address } = admin.account;
    await later(admin, registry, call(registryAbi, "setController", address));
    const stateOf = async () => {
      const read = (functionName: "owner" | "expiryOf" | "resolver") =>
        owner.readContract({ abi: registryAbi as Abi, address: registry, functionName, args: [NODE] });
      return [await read("owner"), await read("expiryOf"), await read("resolver")];
    };
    const before = await stateOf();
    for (const data of [
      call(registryAbi, "setOwner", NODE, address),
      call(registryAbi, "setResolver", NODE, address),
      call(registryAbi, "setText", NODE, "url", "https://example.org/"),
      call(registryAbi, "clearRecords", NODE),
      call(registryAbi, "safeTransferFrom", owner.account.address, address, BigInt(NODE)),
      call(registryAbi, "setSubnodeOwner", NODE, NODE, address),
    ]) {
      await refused(admin, registry, data, /Registry|ERC721/);
    }
    expect(await stateOf()).to.deep.equal(before);
    // The first controller renews for ever, whoever is appointed.
    const [base] = await owner.readContract({
      abi: controllerAbi,
      address: controller,
      functionName: "rentPrice",
      args: ["shop", 31_536_000n],
    });
    const renew = call(controllerAbi, "renew", "shop", 31_536_000n, `0x${"00".repeat(32)}`);
    await send(owner, controller, renew, base * 2n);
    expect((await stateOf())[1]).to.equal((before[1] as bigint) + 31_536_000n);
  });

  it("lets nobody upgrade, pause, destroy or set a price", () => {
    const abis = [
      registryAbi,
      controllerAbi,
      directoryAbi,
      reverseRegistrarAbi,
      universalResolverAbi,
      offchainResolverAbi,
    ];
    const names = abis.flatMap((abi) =>
      (abi as Abi).flatMap((item) => (item.type === "function" ? [item.name.toLowerCase()] : [])),
    );
    expect(
      names.filter((name) => /upgrade|implementation|pause|destroy|setprice|setfeed|initialize|blacklist/.test(name)),
    ).to.deep.equal([]);
  });
});
