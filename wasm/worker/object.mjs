// One Durable Object: it hosts one Go instance, restarts it when it has died,
// recycles it when it has grown, and sweeps by its alarm. It decides nothing
// about OAuth. Go memory holds caches only: all records lie in ctx.storage.sql.
import "./wasm_exec.js";
import app from "./app.wasm";

const MAX_BODY = 1 << 20; // bytes; one more is read to tell that there was more
const GROWN = 48 << 20; // bytes of linear memory at which an idle instance is replaced

export class Issuer {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
    this.busy = 0;
    this.bodies = new Map();
    this.next = 0;
    ctx.blockConcurrencyWhile(async () => {
      this.sandbox = await ctx.storage.get("sandbox");
      this.alarmed = (await ctx.storage.getAlarm()) !== null;
    });
  }

  // start makes a Go instance and waits until it serves.
  async start() {
    const go = new Go();
    const binding = {};
    const object = this.object = {};
    let ready;
    const serving = new Promise((resolve) => { ready = resolve; });
    const instance = await WebAssembly.instantiate(app, { ...go.importObject, workers: { ready: () => ready() } });
    const env = { ...this.settings(), SANDBOX: this.sandbox ?? "", OBJECT: object, SQL: this.sql, BODY: (id) => this.body(id), DOCUMENT: fetchDocument };
    const waiting = new Set(); // who is told when Go ends before it has answered
    const exited = go.run(instance, { env, ctx: this.ctx, binding }).then(() => {
      for (const tell of waiting) tell(broken());
    });
    await Promise.race([serving, exited]);
    return { binding, object, waiting, memory: instance.exports.mem, exited };
  }

  // settings are the Worker's variables; one that is not set is not there.
  settings() {
    return Object.fromEntries(Object.entries(this.env).filter(([, value]) => typeof value === "string"));
  }

  // running is the Go instance that serves now.
  running() {
    if (this.go && this.memory && this.busy <= 1 && this.memory.buffer.byteLength > GROWN) this.go = undefined;
    return this.go ??= this.start().then((go) => {
      this.memory = go.memory;
      go.exited.then(() => { this.go = undefined; });
      return go;
    }, (err) => {
      this.go = undefined;
      throw err;
    });
  }

  sql = (statement, ...args) => {
    try {
      return [...this.ctx.storage.sql.exec(statement, ...args).raw()];
    } catch (err) {
      return String(err);
    }
  };

  body(id) {
    const b = this.bodies.get(id);
    this.bodies.delete(id);
    return b;
  }

  async fetch(request) {
    this.busy++;
    try {
      return await this.serve(request);
    } catch (err) {
      console.error("the instance failed:", err?.message);
      return broken();
    } finally {
      this.busy--;
    }
  }

  async serve(request) {
    if (!URL.canParse(request.url)) return foreign();
    const headers = new Map(request.headers);
    if (!(await this.here(request, headers.get(SANDBOX_FIELD)))) return ended();
    headers.delete(SANDBOX_FIELD);
    headers.delete("mcp-auth-body");
    const id = ++this.next;
    if (request.body) {
      this.bodies.set(id, await bounded(request.body, MAX_BODY + 1));
      headers.set("mcp-auth-body", String(id));
    }
    const go = await this.running();
    const reply = await this.answer(go, { method: request.method, url: request.url, headers, body: null });
    this.bodies.delete(id); // Go has it, or has died
    if (!this.alarmed) await this.sweepLater(go);
    return reply;
  }

  // answer is Go's, or a 500 when Go ends before it. The request waits in a set
  // and not on the program's end: a promise that lives as long as the program
  // would keep something of every request.
  answer(go, request) {
    let tell;
    const reply = new Promise((resolve, reject) => {
      tell = resolve;
      go.waiting.add(tell);
      go.binding.handleRequest(request).then(resolve, reject);
    });
    return reply.finally(() => go.waiting.delete(tell));
  }

  // here says whether the sandbox that is asked for lives here. The request that
  // opens it gives the object its name, which outlives an eviction. Any other
  // name costs nothing: no row, no Go.
  async here(request, sandbox) {
    if ((sandbox || undefined) === this.sandbox) return true;
    if (!sandbox || request.method !== "POST" || new URL(request.url).pathname !== "/sandbox") return false;
    await this.ctx.storage.put("sandbox", sandbox);
    this.sandbox = sandbox;
    return true;
  }

  // sweepLater sets the alarm, while something is kept.
  async sweepLater(go) {
    this.alarmed = true;
    if (go.object.every > 0) await this.ctx.storage.setAlarm(Date.now() + go.object.every);
  }

  // alarm drops what has expired, and an ended sandbox as a whole.
  async alarm() {
    this.alarmed = false;
    const go = await this.running();
    go.object.sweep();
    const [left] = this.sql("SELECT COUNT(*), COALESCE(SUM(kind = 'sandboxes'), 0) FROM records");
    if (this.sandbox && left[1] === 0) {
      await this.ctx.storage.deleteAll();
      this.go = this.sandbox = undefined;
    } else if (left[0] > 0) {
      await this.sweepLater(go);
    }
  }
}

// SANDBOX_FIELD carries a sandbox's name from the entry to its object. The
// entry sets it or drops it: it never comes from outside.
export const SANDBOX_FIELD = "mcp-auth-sandbox";

function ended() {
  return Response.json({ error: "not_found", error_description: "no such sandbox: it has ended, or was never opened; POST /sandbox opens one" }, { status: 404 });
}

// foreign refuses a Host that is none: the core refuses the others (C-10).
export function foreign() {
  return Response.json({ error: "forbidden_host", error_description: "this Host is not served; use the issuer's address" }, { status: 403 });
}

export function broken() {
  return Response.json({ error: "server_error", error_description: "the server met a bug of its own; please report it with the request that caused it" }, { status: 500 });
}

// bounded reads at most so many bytes of a stream.
export async function bounded(stream, most) {
  const parts = [];
  let size = 0;
  const reader = stream.getReader();
  try {
    while (size < most) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(size + value.length > most ? value.subarray(0, most - size) : value);
      size += value.length;
    }
    if (size >= most) await reader.cancel();
  } catch {} // a body cut short is judged by what came
  const all = new Uint8Array(Math.min(size, most));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// fetchDocument is the one outbound request: no redirect is followed, no
// cookie sent. It never rejects; a string says where it failed.
async function fetchDocument(url, most, timeout) {
  try {
    const reply = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(timeout), headers: { Accept: "application/json", "User-Agent": "mcp-auth-server" } });
    const body = reply.body ? await bounded(reply.body, most) : new Uint8Array();
    return { status: reply.status, headers: reply.headers, body };
  } catch (err) {
    return err?.name === "TimeoutError" ? `there was no complete answer within ${timeout / 1000}s` : "the connection failed";
  }
}
