# The Worker in workerd, on this machine: scripts/worker runs it.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "assets", disk = (path = "assets")),
    (name = "objects", disk = (path = "objects", writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:8765", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  compatibilityDate = "2026-03-01",
  modules = [
MODULES
    (name = "assets.mjs", esModule = embed "assets.mjs"),
    (name = "wasm_exec.js", esModule = embed "wasm_exec.js"),
    (name = "app.wasm", wasm = embed "app.wasm"),
  ],
  bindings = [
    (name = "ISSUER", durableObjectNamespace = "CLASS"),
    (name = "ASSETS", service = "assets"),
VARIABLES
  ],
  durableObjectNamespaces = [(className = "CLASS", uniqueKey = "mcp-auth-issuer", enableSql = true)],
  durableObjectStorage = (localDisk = "objects"),
);
