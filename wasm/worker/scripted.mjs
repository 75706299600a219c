// The Worker as the tests build it: the object of a request is the world that
// it names, which brings its configuration and its time.
import { Issuer, broken } from "./object.mjs";
import { inside } from "./entry.mjs";

export class World extends Issuer {
  settings() {
    return { WORLD: this.world, DRAWN: String(this.before ?? 0) };
  }

  async fetch(request) {
    const world = request.headers.get("x-world-config");
    this.before = this.object?.drawn ?? this.before;
    if (request.headers.get("x-world-fresh") || world !== this.world) this.go = undefined; // a new Go program
    this.world = world;
    return super.fetch(request);
  }
}

export default {
  async fetch(request, env) {
    const name = request.headers.get("x-world");
    if (name === "plain") return new Response(request.headers.get("x-world-body") ?? "{}", { headers: { "Content-Type": "application/json" } }); // JavaScript alone, to measure beside
    if (!name) return broken();
    return env.ISSUER.get(env.ISSUER.idFromName(name)).fetch(inside(request, ""));
  },
};
