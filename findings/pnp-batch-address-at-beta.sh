#!/usr/bin/env bash
# Guess:  addresses in a batch of PnPjs have one form, "/groups/x", at v1.0 and at beta.
# Fact:   at v1.0 they begin with a slash, at beta they do not: "groups/x".
# Matters: a server of batches has to take both, or beta batches fail.
# Seen with @pnp/graph@4.21.0 and @pnp/core@4.21.0 and @pnp/queryable@4.21.0, on Node 20. Needs node, npm and the npm registry.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-package-lock --ignore-scripts --no-audit --no-fund @pnp/graph@4.21.0 @pnp/core@4.21.0 @pnp/queryable@4.21.0 >/dev/null
cat >run.mjs <<'JS'
import http from "node:http";
const seen = [];
let answer = () => [200, { value: [] }];
const server = http.createServer((req, res) => {
  let body = "";
  req.on("data", (d) => (body += d));
  req.on("end", () => {
    seen.push({ method: req.method, url: req.url, body, headers: req.headers });
    const [status, json, headers] = answer(req, body);
    res.writeHead(status, { "content-type": "application/json", ...headers });
    res.end(JSON.stringify(json));
  });
});
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const base = "http://127.0.0.1:" + server.address().port;
const { graphfi, DefaultInit, DefaultHeaders, Count } = await import("@pnp/graph");
await import("@pnp/graph/groups/index.js");
await import("@pnp/graph/batching.js");
const { BrowserFetch, DefaultParse } = await import("@pnp/queryable");
const graph = (version) => graphfi().using(DefaultInit(base + "/" + version), DefaultHeaders(), BrowserFetch(), DefaultParse());

answer = (req, body) => [200, { responses: JSON.parse(body).requests.map((r) => ({ id: r.id, status: 200, headers: {}, body: { id: "x" } })) }];
for (const version of ["v1.0", "beta"]) {
  const [batched, execute] = graph(version).batched();
  batched.groups.getById("x")();
  await execute();
  console.log(version + ":", JSON.parse(seen.at(-1).body).requests[0].url);
}
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx 'v1.0: /groups/x' seen
grep -qx 'beta: groups/x' seen
