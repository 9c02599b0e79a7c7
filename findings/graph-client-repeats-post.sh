#!/usr/bin/env bash
# Guess:  a POST that is answered 504 is not sent again: it may have been carried out.
# Fact:   the default middleware sends it again, up to three times, as it does a GET.
# Matters: one post() can make two groups; a fake has to count requests, not calls.
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

answer = () => seen.length < 3 ? [504, { error: { code: "UnknownError", message: "" } }, { "retry-after": "0" }] : [201, { id: "3" }];
const made = await client.api("/groups").post({ displayName: "A" });
console.log("posts:", seen.filter((r) => r.method === "POST").length, "answer:", made.id);
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx 'posts: 3 answer: 3' seen
