import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type GatewayConfig, InvalidConfigError, readConfig } from "../../src/gateway/config.ts";
import { compareConfigs } from "../../src/gateway/reload.ts";

const WHOLE = `gatewayId: 3
rpc:
  - https://rpc-a.example
deployment: deployment.json
data: data
signerKeyFile: keys/signer
http:
  port: 8080
  tls: { certificate: cert.pem, key: key.pem }
dns:
  nsid: one
`;

describe("gateway configuration", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-config-"));
  const file = join(folder, "gateway.yaml");
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (text: string, environment: Record<string, string> = {}, flags: Record<string, unknown> = {}) => {
    writeFileSync(file, text);
    return readConfig(file, environment, flags);
  };
  const problemsOf = (text: string): readonly string[] => {
    try {
      read(text);
    } catch (error) {
      if (error instanceof InvalidConfigError) return error.metaMessages;
      throw error;
    }
    return [];
  };

  it("takes paths relative to the file and defaults for the rest", () => {
    const config = read(WHOLE);
    expect(config.deployment).to.equal(join(folder, "deployment.json"));
    expect(config.signerKeyFile).to.equal(join(folder, "keys/signer"));
    expect(config.http.tls).to.deep.equal({ certificate: join(folder, "cert.pem"), key: join(folder, "key.pem") });
    expect(config.partition).to.equal(false);
    expect(config.dns).to.include({ nsid: "one", budgetPerSecond: 20_000 });
  });

  const overrides: readonly [string, string, keyof GatewayConfig, unknown][] = [
    ["HOLDFAST_GATEWAY_ID", "9", "gatewayId", 9],
    ["HOLDFAST_RPC", "http://a.example, http://b.example", "rpc", ["http://a.example", "http://b.example"]],
    ["HOLDFAST_DEPLOYMENT", "/etc/d.json", "deployment", "/etc/d.json"],
    ["HOLDFAST_DATA", "/var/lib/x", "data", "/var/lib/x"],
    ["HOLDFAST_SIGNER_KEY", "0x01", "signerKey", "0x01"],
    ["HOLDFAST_SIGNER_KEY_FILE", "/run/key", "signerKeyFile", "/run/key"],
    ["HOLDFAST_PARTITION", "true", "partition", true],
    ["HOLDFAST_LOG", "debug", "log", "debug"],
  ];
  for (const [variable, text, field, value] of overrides) {
    it(`lets ${variable} go before the file and a flag before both`, () => {
      expect(read(WHOLE, { [variable]: text })[field]).to.deep.equal(value);
      expect(read(WHOLE, { [variable]: "" })[field]).to.deep.equal(read(WHOLE)[field]);
      if (field === "log") expect(read(WHOLE, { [variable]: text }, { log: "error" }).log).to.equal("error");
    });
  }

  it("rejects a bad value from the environment, naming the field", () => {
    expect(() => read(WHOLE, { HOLDFAST_GATEWAY_ID: "x" })).to.throw(InvalidConfigError, "gatewayId");
    expect(() => read(WHOLE, { HOLDFAST_PARTITION: "perhaps" })).to.throw(InvalidConfigError, "partition");
  });

  const mistakes: readonly [string, string, RegExp][] = [
    ["no YAML", "gatewayId: [1", /gateway\.yaml:\d+:\d+: /],
    ["a wrong type", WHOLE.replace("port: 8080", "port: eighty"), /gateway\.yaml:8:9: http\.port: /],
    ["a number out of range", WHOLE.replace("gatewayId: 3", "gatewayId: 70000"), /gateway\.yaml:1:12: gatewayId: /],
    ["an unknown field", WHOLE.replace("nsid: one", "nsdi: one"), /gateway\.yaml:11:3: dns: .*nsdi/],
    ["a URL that is none", WHOLE.replace("https://rpc-a.example", "ftp://x"), /gateway\.yaml:3:5: rpc\.0: not an http/],
    ["a field left out", WHOLE.replace("data: data\n", ""), /^data: /],
    [
      "a secret that is no base64",
      `${WHOLE}  keys:\n    - { name: k, algorithm: hmac-sha256, secret: "!" }\n`,
      /gateway\.yaml:13:\d+: dns\.keys\.0\.secret: not base64/,
    ],
  ];
  for (const [what, text, expected] of mistakes) {
    it(`rejects ${what} and says where`, () => expect(problemsOf(text).join("\n")).to.match(expected));
  }

  it("names every mistake at once", () => {
    const text = WHOLE.replace("port: 8080", "port: -1").replace("gatewayId: 3", "gatewayId: 0");
    expect(problemsOf(text)).to.have.length(2);
  });

  describe("compareConfigs", () => {
    const changes: readonly [string, string, string, "live" | "fixed"][] = [
      ["log", WHOLE, `${WHOLE}log: debug\n`, "live"],
      ["rpc", WHOLE, WHOLE.replace("rpc-a", "rpc-b"), "live"],
      ["pollMs", WHOLE, `${WHOLE}pollMs: 100\n`, "live"],
      ["http.tls", WHOLE, WHOLE.replace("cert.pem", "new.pem"), "live"],
      ["http.connectionsMax", WHOLE, WHOLE.replace("port: 8080", "port: 8080\n  connectionsMax: 5"), "live"],
      ["dns.nsid", WHOLE, WHOLE.replace("nsid: one", "nsid: two"), "live"],
      ["dns.secondaries", WHOLE, `${WHOLE}  secondaries: [{ host: 192.0.2.1 }]\n`, "live"],
      ["gatewayId", WHOLE, WHOLE.replace("gatewayId: 3", "gatewayId: 4"), "fixed"],
      ["http.port", WHOLE, WHOLE.replace("8080", "8081"), "fixed"],
      ["http.tls", WHOLE, WHOLE.replace(/ {2}tls.*\n/, ""), "fixed"],
      ["dns", WHOLE, WHOLE.replace(/dns:\n.*\n/, "dns: false\n"), "fixed"],
      ["dns.mirrorSuffix", WHOLE, `${WHOLE}  mirrorSuffix: names.example.com\n`, "fixed"],
      ["partition", WHOLE, `${WHOLE}partition: true\n`, "fixed"],
    ];
    for (const [field, before, after, kind] of changes) {
      it(`finds ${field} changed: ${kind}`, () => {
        const change = compareConfigs(read(before), read(after));
        expect(change[kind]).to.deep.equal([field]);
        expect(change[kind === "live" ? "fixed" : "live"]).to.deep.equal([]);
      });
    }
  });
});
