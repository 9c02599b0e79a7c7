#!/usr/bin/env bash
# Guess:  graph.groups() of PnPjs returns all groups, as it returns a plain array.
# Fact:   it returns the first page; the array does not say that there is more. "for await" reads all pages.
# Matters: an exporter that works on a small tenant silently leaves out most of a large one.
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

answer = (req) => req.url.includes("skiptoken") ? [200, { value: [{ id: "2" }] }] : [200, { "@odata.nextLink": base + "/v1.0/groups?$skiptoken=x", value: [{ id: "1" }] }];
const all = await graph("v1.0").groups();
console.log("called:", all.length, Array.isArray(all), Object.keys(all).join());
let n = 0;
for await (const page of graph("v1.0").groups) n += page.length;
console.log("awaited:", n);
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx 'called: 1 true 0' seen
grep -qx 'awaited: 2' seen
