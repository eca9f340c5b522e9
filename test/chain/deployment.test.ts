import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import {
  type Deployment,
  deploymentPath,
  MalformedDeploymentError,
  MissingDeploymentError,
  parseDeployment,
  readDeployment,
  writeDeployment,
} from "../../src/chain/deployment.ts";
import { CONTRACT_NAMES } from "../support/deployment.ts";

function sample(): Deployment {
  const addresses = CONTRACT_NAMES.map((name, index) => [name, `0x${String(index + 1).padStart(40, "0")}`]);
  const hashes = CONTRACT_NAMES.map((name, index) => [name, `0x${String(index + 1).padStart(64, "0")}`]);
  return parseDeployment({
    chainId: 31337,
    tld: "hold",
    startBlock: "7",
    contracts: Object.fromEntries(addresses),
    codeHashes: Object.fromEntries(hashes),
  });
}

describe("deployment", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("keeps every field through a file", async () => {
    const path = deploymentPath(31337, folder);
    await writeDeployment(path, sample());
    expect(await readDeployment(path)).to.deep.equal(sample());
  });

  it("rejects a missing file and says what to run", async () => {
    const error = await readDeployment(join(folder, "none.json")).catch((cause: unknown) => cause);
    expect(error).to.be.instanceOf(MissingDeploymentError);
    expect((error as Error).message).to.contain("holdfast deploy");
  });

  it("rejects broken JSON, a broken address and an unknown field, and names the field", async () => {
    const path = join(folder, "broken.json");
    await writeFile(path, "{");
    expect(await readDeployment(path).catch((cause: unknown) => cause)).to.be.instanceOf(MalformedDeploymentError);
    const broken = { ...sample(), startBlock: "7", contracts: { ...sample().contracts, registry: "0x12" } };
    expect(() => parseDeployment(broken)).to.throw(MalformedDeploymentError, "contracts.registry: not an address");
    expect(() => parseDeployment({ ...sample(), startBlock: "7", extra: 1 })).to.throw(MalformedDeploymentError);
  });
});
