/**
 * The transport of a watch. An HTTP exchange by Node's own client takes a third of the processor time of one by `fetch`, and probes
 * are little else: an instrument that is busy measures itself.
 */
import { type Agent, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import { causeCodeOf, transportErrorOf } from "../../client/fetchTransport.ts";
import { nodeTransport } from "../../client/nodeTransport.ts";
import { type ClientTransport, type HttpRequest, type HttpResponse, TransportError } from "../../client/transport.ts";

/** A kept connection that the other side closed just as it was used again; the request never arrived. */
const CLOSED_MEANWHILE: readonly unknown[] = ["ECONNRESET", "EPIPE"];
/** A connection that nobody has used for so long is closed. */
const IDLE_MS_MAX = 30_000;

const isSecure = (url: string) => url.startsWith("https:");

/**
 * One HTTP exchange. Redirects are not followed.
 *
 * @param agent Keeps connections; `false` for one of the exchange's own.
 */
export function exchangeHttp(
  { method, url, fields, body, bodyBytesMax, signal }: HttpRequest,
  agent: Agent | false,
  onSocket?: (socket: Socket) => void,
): Promise<HttpResponse> {
  return new Promise<HttpResponse>((resolve, reject) => {
    const fail = (error: unknown) => reject(transportErrorOf(error, url));
    const send = isSecure(url) ? httpsRequest : httpRequest;
    const asked = send(url, { method, headers: fields, agent, signal }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on("data", (part: Buffer) => {
        size += part.length;
        if (size > bodyBytesMax) {
          reject(new TransportError("oversized", `${url} sent more than ${bodyBytesMax} bytes`));
          return void response.destroy();
        }
        parts.push(part);
      });
      response.on("error", fail);
      response.on("end", () => {
        const field = (name: string) => {
          const value = response.headers[name];
          return Array.isArray(value) ? value.join(", ") : value;
        };
        const whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
        const bytes = new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
        resolve({ status: response.statusCode ?? 0, field, body: bytes });
      });
    });
    asked.on("error", fail);
    if (onSocket !== undefined) asked.on("socket", onSocket);
    asked.end(body);
  });
}

/** Node's transport, with connections kept from one probe to the next as a user's client keeps them. */
export function createLeanTransport(): ClientTransport {
  const options = { keepAlive: true, timeout: IDLE_MS_MAX };
  const agents = { plain: new HttpAgent(options), secure: new HttpsAgent(options) };
  return {
    ...nodeTransport,
    async http(request) {
      const agent = isSecure(request.url) ? agents.secure : agents.plain;
      try {
        return await exchangeHttp(request, agent);
      } catch (error) {
        if (!CLOSED_MEANWHILE.includes(causeCodeOf(error)) || request.signal.aborted) throw error;
        return await exchangeHttp(request, agent);
      }
    },
  };
}
