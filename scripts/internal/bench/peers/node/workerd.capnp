# workers-oauth-provider in workerd. The socket's address comes from the command line.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .provider)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const provider :Workerd.Worker = (
  modules = [
    (name = "workers-oauth-provider.mjs", esModule = embed "workers-oauth-provider.mjs"),
    (name = "oauth-provider.js", esModule = embed "node_modules/@cloudflare/workers-oauth-provider/dist/oauth-provider.js"),
  ],
  compatibilityDate = "2026-06-01",
  compatibilityFlags = ["global_fetch_strictly_public"],
);
