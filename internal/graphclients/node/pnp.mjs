// What PnPjs does, as one JSON object.
import { graphfi, DefaultInit, DefaultHeaders, Count } from "@pnp/graph";
import "@pnp/graph/groups/index.js";
import "@pnp/graph/batching.js";
import { BrowserFetchWithRetry, DefaultParse, InjectHeaders } from "@pnp/queryable";

const base = process.env.GRAPH;
const over = (version) => graphfi().using(
  DefaultInit(base + "/" + version), DefaultHeaders(), BrowserFetchWithRetry({ interval: 1 }), DefaultParse(), InjectHeaders({ Authorization: "Bearer anything" }));
const graph = over("v1.0");
const failure = async (request) => {
  try {
    await request;
    return "no error";
  } catch (e) {
    return { status: e.status, code: JSON.parse((await e.response.text()) || "{}").error?.code };
  }
};
const names = (groups) => groups.map((g) => g.displayName);
const out = {};

const made = await graph.groups.add("Made", "made", 2, { description: "new" });
out.made = made.displayName;
await graph.groups.getById(made.id).update({ description: "changed" });
const read = await graph.groups.getById(made.id).select("id", "description")();
out.changed = read.description;
out.selected = Object.keys(read).filter((n) => !n.startsWith("@")).sort().join();
out.filtered = names(await graph.groups.filter("displayName eq 'Research and Development' or displayName eq 'O''Neil'")());
out.lambda = names(await graph.groups.filter("groupTypes/any(c:c eq 'Unified')")());
out.ordered = names(await graph.groups.orderBy("displayName", false).top(2)());
out.searched = names(await graph.groups.search('"displayName:research"')());

let seen = 0, pages = 0;
for await (const page of graph.groups.top(3)) {
  seen += page.length;
  pages++;
}
out.paged = [seen, pages];

for (const version of ["v1.0", "beta"]) {
  const [batched, execute] = over(version).batched();
  const results = [];
  batched.groups.getById(made.id)().then((g) => results.push(g.displayName));
  batched.groups.getById(made.id).update({ description: version }).then(() => results.push("updated"));
  batched.groups.getById("none")().catch((e) => results.push(e.status));
  await execute();
  out["batch " + version] = results.map(String).sort();
  out["batched " + version] = (await graph.groups.getById(made.id)()).description;
}

out.notAdvanced = await failure(graph.groups.filter("displayName ne 'x'")());
out.none = await failure(graph.groups.getById("none")());
await graph.groups.getById(made.id).delete();
out.deleted = (await failure(graph.groups.getById(made.id)())).status;
console.log(JSON.stringify(out));
