#!/usr/bin/env bash
# Guess:  an answer in a batch whose header is written "content-type" is read like one with "Content-Type", as names of headers have no case.
# Fact:   with "content-type", or without that header, the body is the text "[object Object]".
# Matters: a server of batches must spell the name exactly so, also where a step failed, or the client cannot tell why.
# Seen with @microsoft/microsoft-graph-client@3.0.7, on Node 20. Needs node, npm and the npm registry.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-package-lock --ignore-scripts --no-audit --no-fund @microsoft/microsoft-graph-client@3.0.7 >/dev/null
cat >run.mjs <<'JS'
const { BatchResponseContent } = await import("@microsoft/microsoft-graph-client");
const body = { error: { code: "Conflict", message: "" } };
for (const headers of [{ "Content-Type": "application/json" }, { "content-type": "application/json" }, {}]) {
  const answers = new BatchResponseContent({ responses: [{ id: "1", status: 409, headers, body }] });
  const answer = answers.getResponseById("1");
  console.log(JSON.stringify(headers), answer.status, await answer.text());
}
JS
node run.mjs >seen
cat seen
grep -qxF '{"Content-Type":"application/json"} 409 {"error":{"code":"Conflict","message":""}}' seen
grep -qxF '{"content-type":"application/json"} 409 [object Object]' seen
grep -qxF '{} 409 [object Object]' seen
