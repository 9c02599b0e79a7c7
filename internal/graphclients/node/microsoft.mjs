// What @microsoft/microsoft-graph-client does, as one JSON object.
import { Client, PageIterator, BatchRequestContent, BatchResponseContent } from "@microsoft/microsoft-graph-client";

const base = process.env.GRAPH;
const client = Client.init({
  baseUrl: base + "/",
  customHosts: new Set([new URL(base).hostname]),
  authProvider: (done) => done(null, "anything"),
});
const eventual = { ConsistencyLevel: "eventual" };
const failure = async (request) => {
  try {
    await request;
    return "no error";
  } catch (e) {
    return { status: e.statusCode, code: e.code, hasRequestId: Boolean(e.requestId) };
  }
};
const names = (answer) => answer.value.map((g) => g.displayName);
const out = {};

const made = await client.api("/groups").post({ displayName: "Made", mailNickname: "made", mailEnabled: false, securityEnabled: true });
out.made = made.displayName;
await client.api("/groups/" + made.id).update({ description: "changed" });
out.changed = (await client.api("/groups/" + made.id).select(["id", "description"]).get()).description;
out.selected = Object.keys(await client.api("/groups/" + made.id).select("displayName").get()).filter((n) => !n.startsWith("@")).sort().join();

out.filtered = names(await client.api("/groups").filter("displayName eq 'Research and Development' or displayName eq 'O''Neil'").get());
out.ordered = names(await client.api("/groups").orderby("displayName desc").top(2).get());
out.searched = names(await client.api("/groups").headers(eventual).search('"displayName:research"').get());
const counted = await client.api("/groups").headers(eventual).count(true).filter("not(startswith(displayName,'Group'))").get();
out.counted = [counted["@odata.count"], names(counted).length];
out.size = await client.api("/groups/$count").headers(eventual).get();

let seen = 0;
const iterator = new PageIterator(client, await client.api("/groups").top(3).get(), () => ++seen > 0);
await iterator.iterate();
out.iterated = seen;

const at = base + "/v1.0";
const batch = new BatchRequestContent([
  { id: "one", request: new Request(at.replace("/v1.0", "") + "/groups/" + made.id, { method: "GET" }) },
  { id: "two", dependsOn: ["one"], request: new Request(base + "/groups/" + made.id, { method: "PATCH", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ description: "batched" }) }) },
]);
const answers = new BatchResponseContent(await client.api("/$batch").post(await batch.getContent()));
out.batch = [answers.getResponseById("one").status, answers.getResponseById("two").status];
out.batched = (await client.api("/groups/" + made.id).get()).description;
const failing = new BatchRequestContent([
  { id: "one", request: new Request(base + "/groups/none", { method: "GET" }) },
  { id: "two", dependsOn: ["one"], request: new Request(base + "/groups/" + made.id, { method: "DELETE" }) },
]);
const failed = new BatchResponseContent(await client.api("/$batch").post(await failing.getContent()));
out.failedBatch = [failed.getResponseById("one").status, failed.getResponseById("two").status];

out.unknownOption = await failure(client.api("/groups").query({ $foo: "1" }).get());
out.notAdvanced = await failure(client.api("/groups").filter("displayName ne 'x'").get());
out.none = await failure(client.api("/groups/none").get());
out.notWhole = await failure(client.api("/deviceManagement/configurationPolicies/" + process.env.POLICY).version("beta").put({ name: "P" }));
out.wrongType = await failure(client.api("/groups/" + made.id).header("Content-Type", "text/plain").patch("{}"));
const policy = { name: "Put", platforms: "windows10", technologies: "mdm", settings: [] };
await client.api("/deviceManagement/configurationPolicies/" + process.env.POLICY).version("beta").put(policy);
out.put = (await client.api("/deviceManagement/configurationPolicies/" + process.env.POLICY).version("beta").get()).name;
out.expanded = (await client.api("/deviceManagement/configurationPolicies").version("beta").expand("assignments").get()).value[0].assignments.length;

await client.api("/groups/" + made.id).delete();
out.deleted = (await failure(client.api("/groups/" + made.id).get())).status;
console.log(JSON.stringify(out));
