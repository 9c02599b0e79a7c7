#!/usr/bin/env bash
# Guess:  client.api(path).filter(text) encodes the text for an address, as URLSearchParams does.
# Fact:   it pastes it in: an ampersand ends the filter, and a "#" ends the address.
# Matters: a look-up by the name "R&D" reaches the service as an unterminated text, or as another query.
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

await client.api("/groups").filter("displayName eq 'R&D'").get();
console.log("ampersand:", new URL(base + seen.at(-1).url).searchParams.get("$filter"));
await client.api("/groups").filter("displayName eq 'R#D'").get();
console.log("hash:", new URL(base + seen.at(-1).url).searchParams.get("$filter"));
await client.api("/groups").filter(encodeURIComponent("displayName eq 'R&D'")).get();
console.log("encoded by hand:", new URL(base + seen.at(-1).url).searchParams.get("$filter"));
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx "ampersand: displayName eq 'R" seen
grep -qx "hash: displayName eq 'R" seen
grep -qx "encoded by hand: displayName eq 'R&D'" seen
