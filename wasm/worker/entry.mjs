// The Worker: the page's files are served as they are, where the Host is one of
// ours; everything else goes to the object of its issuer, the root's or a
// sandbox's.
import { files } from "./assets.mjs";
import { Issuer, SANDBOX_FIELD, bounded, foreign } from "./object.mjs";

export { Issuer };

const MAX_SANDBOX_BODY = 64 << 10;

export default {
  async fetch(request, env) {
    if (!env.ISSUER) return unbound(); // a store that cannot compare and set is none (C-25)
    if (!URL.canParse(request.url)) return foreign();
    const { pathname } = new URL(request.url);
    const file = files[pathname];
    if (file && (request.method === "GET" || request.method === "HEAD")) return (await misdirected(request, env)) ?? asset(request, env, file);
    if (pathname === "/sandbox" && request.method === "POST") return openSandbox(request, env);
    const sandbox = sandboxOf(pathname);
    return object(env, sandbox).fetch(inside(request, sandbox));
  },
};

// sandboxOf is the name in a sandbox's path; tenants' names are never so.
export function sandboxOf(pathname) {
  return /\/tenant\/([a-z2-7]{16})(?:\/|$)/.exec(pathname)?.[1] ?? "";
}

export function object(env, sandbox) {
  return env.ISSUER.get(env.ISSUER.idFromName(sandbox ? `sandbox ${sandbox}` : "root"));
}

// inside is a request as an object gets it.
export function inside(request, sandbox, body) {
  const out = body ? new Request(request, { body }) : new Request(request);
  out.headers.set(SANDBOX_FIELD, sandbox);
  return out;
}

// openSandbox asks the root, which counts sandboxes and names them, and then
// opens the one it named where it lives.
async function openSandbox(request, env) {
  const body = request.body ? await bounded(request.body, MAX_SANDBOX_BODY + 1) : undefined;
  const counted = await object(env, "").fetch(inside(request, "", body));
  if (counted.status !== 201) return counted;
  const { name } = await counted.json();
  return object(env, name).fetch(inside(request, name, body));
}

// misdirected is the refusal of a Host that is not served. The core has the rule
// (C-10) and is asked, but for the issuer's own Host, so that the page costs no
// Go.
async function misdirected(request, env) {
  const issuer = env.MCP_AUTH_SERVER_ISSUER;
  const { host } = new URL(request.url);
  if (URL.canParse(issuer) && new URL(issuer).host === host) return undefined;
  const reply = await object(env, "").fetch(inside(new Request(new URL("/health", request.url), { headers: request.headers }), ""));
  return reply.status === 403 ? reply : undefined;
}

async function asset(request, env, { file, headers }) {
  const found = await env.ASSETS.fetch(new Request(new URL(`/${file}`, request.url)));
  if (!found.ok) return new Response("not found", { status: 404 });
  return new Response(request.method === "HEAD" ? null : found.body, { status: 200, headers, encodeBody: "manual" });
}

function unbound() {
  return Response.json({ error: "server_error", error_description: "the Worker has no Durable Object binding ISSUER, and nothing else it could keep codes and tokens in is safe; see wrangler.jsonc" },
    { status: 503, headers: { "Retry-After": "60" } });
}
