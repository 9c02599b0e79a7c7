#!/usr/bin/env bash
# Guess:  BatchRequestContent makes the address of a request to https://graph.microsoft.com/v1.0/me relative to the version: "/me".
# Fact:   it takes off the host only: "/v1.0/me", which Graph looks up below the version once more.
# Matters: in Node a Request needs an absolute address; it has to be written without the version to come out right.
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
const { BatchRequestContent } = await import("@microsoft/microsoft-graph-client");
for (const address of ["https://graph.microsoft.com/v1.0/me", "https://graph.microsoft.com/me"]) {
  const batch = new BatchRequestContent([{ id: "1", request: new Request(address) }]);
  console.log(address, (await batch.getContent()).requests[0].url);
}
process.exit(0);
JS
node run.mjs >seen
cat seen
grep -qx 'https://graph.microsoft.com/v1.0/me /v1.0/me' seen
grep -qx 'https://graph.microsoft.com/me /me' seen
