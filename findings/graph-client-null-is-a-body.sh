#!/usr/bin/env bash
# Guess:  post(null) and post(undefined) are one request: an action without a body, as restore is.
# Fact:   undefined sends no body, null sends the JSON text "null". Both are labelled application/json.
# Matters: a server of actions must take an empty body that is labelled JSON, and meets a body that is no object.
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

for (const body of [undefined, null]) await client.api("/directory/deletedItems/x/restore").post(body);
for (const r of seen) console.log(`content-type ${r.headers["content-type"]}, content-length ${r.headers["content-length"]}, body "${r.body}"`);
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx 'content-type application/json, content-length 0, body ""' seen
grep -qx 'content-type application/json, content-length 4, body "null"' seen
