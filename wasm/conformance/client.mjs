// Starts bin/conformance-client.wasm in Node and lends it fetch. The suite
// calls it with the server's URL as the last argument.
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";

const bin = path.join(import.meta.dirname, "..", "..", "bin");

// perform does one exchange. Redirects are answers, not orders.
globalThis.perform = async (order) => {
  const { method, url, header, body } = JSON.parse(order);
  const reply = await fetch(url, {
    method, headers: header, body: body === "" ? undefined : body,
    redirect: "manual", signal: AbortSignal.timeout(10000),
  });
  return JSON.stringify({ status: reply.status, header: [...reply.headers], body: await reply.text() });
};

// The core reads keys as JWK; the suite hands out PEM.
const env = { ...process.env };
const context = JSON.parse(env.MCP_CONFORMANCE_CONTEXT || "{}");
if (context.private_key_pem) {
  context.private_key_jwk = crypto.createPrivateKey(context.private_key_pem).export({ format: "jwk" });
  env.MCP_CONFORMANCE_CONTEXT = JSON.stringify(context);
}

globalThis.fs = fs;
globalThis.path = path;
createRequire(import.meta.url)(path.join(bin, "wasm_exec.js"));
const go = new globalThis.Go();
go.argv = ["conformance-client.wasm", ...process.argv.slice(2)];
go.env = env;
go.exit = (code) => process.exit(code);
const { instance } = await WebAssembly.instantiate(fs.readFileSync(path.join(bin, "conformance-client.wasm")), go.importObject);
await go.run(instance);
