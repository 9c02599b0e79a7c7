#!/usr/bin/env bash
# Guess:  Count(collection) of PnPjs returns the @odata.count of the answer: it asks for it.
# Fact:   it sends $count=true with ConsistencyLevel: eventual, and returns 0 whatever the answer says.
# Matters: a fake that leaves @odata.count out, and one that has it, look alike to this client.
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

answer = () => [200, { "@odata.count": 42, value: [{ id: "1" }] }];
console.log("count:", await Count(graph("v1.0").groups));
console.log("asked:", seen[0].url, seen[0].headers.consistencylevel);
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx 'count: 0' seen
grep -qx 'asked: /v1.0/groups?%24count=true&%24top=1 eventual' seen
