#!/usr/bin/env bash
# Guess:  filter() called twice on one request narrows twice, as select() called twice selects both.
# Fact:   select() and orderby() add, filter() replaces: the first filter is gone.
# Matters: a helper that adds its own filter shows and changes more objects than the caller asked for.
# Seen with @microsoft/microsoft-graph-client@3.0.7, on Node 20. Needs node, npm and the npm registry.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-package-lock --ignore-scripts --no-audit --no-fund @microsoft/microsoft-graph-client@3.0.7 >/dev/null
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
const { Client } = await import("@microsoft/microsoft-graph-client");
const client = Client.init({ baseUrl: base + "/", customHosts: new Set(["127.0.0.1"]), authProvider: (done) => done(null, "x") });

await client.api("/groups").filter("mailEnabled eq true").filter("securityEnabled eq true").select("id").select("displayName").get();
const query = new URL(base + seen.at(-1).url).searchParams;
console.log("filter:", query.get("$filter"));
console.log("select:", query.get("$select"));
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx 'filter: securityEnabled eq true' seen
grep -qx 'select: id,displayName' seen
