package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
)

const csdlHead = `<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">`

const csdlFoot = `</Schema></edmx:DataServices></edmx:Edmx>`

// files are the sources of a small Graph.
var files = map[string]string{
	"metadata/schemas/v1.0-Prod.csdl": csdlHead + `
<EnumType Name="level"><Member Name="low" Value="0"/><Member Name="high" Value="1"/></EnumType>
<EnumType Name="ways" IsFlags="true"><Member Name="a" Value="1"/></EnumType>
<EntityType Name="entity" Abstract="true"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>
<EntityType Name="group" BaseType="graph.entity" OpenType="true">
  <Property Name="names" Type="Collection(Edm.String)" Nullable="false"/>
  <Property Name="level" Type="graph.level"/>
  <Property Name="made" Type="Edm.DateTimeOffset"><Annotation Term="Org.OData.Core.V1.Computed"/></Property>
  <Property Name="place" Type="graph.place"/>
  <Property Name="later" Type="Edm.Int32"/>
  <NavigationProperty Name="items" Type="Collection(graph.item)" ContainsTarget="true"/>
  <NavigationProperty Name="owners" Type="Collection(graph.user)"/>
</EntityType>
<EntityType Name="special" BaseType="microsoft.graph.group"/>
<EntityType Name="item" BaseType="graph.entity"/>
<EntityType Name="user" BaseType="graph.entity"/>
<ComplexType Name="place" Abstract="true"/>
<ComplexType Name="house" BaseType="graph.place"><Property Name="ways" Type="graph.ways"/></ComplexType>
<Action Name="assign" IsBound="true"><Parameter Name="bindingParameter" Type="graph.group"/><Parameter Name="list" Type="Collection(graph.item)"/></Action>
<Action Name="many" IsBound="true"><Parameter Name="bindingParameter" Type="Collection(graph.group)"/></Action>
<Action Name="free"><Parameter Name="x" Type="graph.group"/></Action>
<EntityContainer Name="GraphService"><EntitySet Name="groups" EntityType="microsoft.graph.group"/><Singleton Name="me" Type="microsoft.graph.user"/></EntityContainer>
<Annotations Target="microsoft.graph.group/level"><Annotation Term="Org.OData.Core.V1.Permissions"><EnumMember>Org.OData.Core.V1.Permission/Read</EnumMember></Annotation></Annotations>
<Annotations Target="microsoft.graph.group/place"><Annotation Term="Org.OData.Core.V1.Immutable" Bool="true"/><Annotation Term="Org.OData.Core.V1.Computed" Bool="false"/></Annotations>
<Annotations Target="microsoft.graph.group/items"><Annotation Term="Org.OData.Core.V1.Description" String="One value is read-only. The items."/></Annotations>
` + csdlFoot,
	"metadata/schemas/beta-USSec.csdl": csdlHead + `<EntityType Name="item" BaseType="graph.entity" OpenType="true"><Property Name="size" Type="Edm.Int64"/></EntityType>` + csdlFoot,
	"metadata/schemas/beta-USNat.csdl": csdlHead + csdlFoot, "metadata/schemas/beta-GovSG.csdl": csdlHead + csdlFoot,
	"metadata/schemas/beta-Review.csdl": csdlHead + csdlFoot,
	"metadata/schemas/type-mappings/beta-entity-types.json": "\xef\xbb\xbf" + `{"microsoft.graph": {"entity": {"properties": ["id"]},
		"group": {"properties": ["names", "level", "made", "place", "count"], "navigationProperties": ["items"]},
		"item": {"properties": ["size"]}, "vpnConfiguration": {}, "special": {}},
		"microsoft.graph.other": {"group": {"properties": ["x"]}}}`,
	"metadata/schemas/type-mappings/beta-complex-types.json": `{"microsoft.graph": {"place": {}, "house": {"properties": ["ways"]}}}`,
	"metadata/schemas/type-mappings/beta-enum-types.json":    `{"microsoft.graph": {"level": ["high", "extra", "low"], "betaWays": ["x", "y"]}}`,
	"types/microsoft-graph.d.ts": `export interface Group extends Entity {
    // The names. This property is read-only.
    names?: string[];
}
`,
	"types-beta/microsoft-graph.d.ts": `export type Level = "low" | "high";
export type BetaWays =
    | "y"
    | "x";
export interface Entity {
    // Read-only.
    id?: string;
}
export interface Group extends Entity {
    names?: NullableOption<string[]>;
    level?: Level;
    made?: string;
    place?: NullableOption<Place>;
    count?: number;
    items?: NullableOption<Item[]>;
}
export interface Item extends Entity {}
export interface Place {}
export interface House extends Place {
    ways?: BetaWays;
}
export namespace Other {
    interface Nothing {}
    export interface Group extends microsoftgraphbeta.Entity {
        x?: microsoftgraphbeta.Place;
    }
}
`,
	"sdk-beta/models/index.js": `import { createThingFromDiscriminatorValue as I1 } from './other/index.js';
export function deserializeIntoEntity(entity = {}) {
    return { "backingStoreEnabled": n => { entity.backingStoreEnabled = true; }, "id": n => { entity.id = n.getStringValue(); } };
}
export function deserializeIntoGroup(group = {}) {
    return Object.assign(Object.assign({}, deserializeIntoEntity(group)), { "count": n => { group.count = n.getNumberValue(); }, "made": n => { group.made = n.getDateValue(); }, "newer": n => { group.newer = n.getObjectValue(createNewerFromDiscriminatorValue); }, "tags": n => { group.tags = n.getCollectionOfPrimitiveValues(); }, "ways": n => { group.ways = n.getCollectionOfEnumValues(BetaWaysObject); } });
}
export function deserializeIntoHouse(house = {}) {
    return Object.assign(Object.assign({}, deserializeIntoPlace(house)), { "ways": n => { house.ways = n.getCollectionOfEnumValues(BetaWaysObject); } });
}
export function deserializeIntoNewer(newer = {}) {
    return { "level": n => { newer.level = n.getEnumValue(LevelObject); } };
}
export function deserializeIntoPlace(place = {}) {
    return {};
}
export function deserializeIntoSpecial(special = {}) {
    return Object.assign(Object.assign({}, deserializeIntoGroup(special)), {  });
}
export const BetaWaysObject = {
    X: "x",
    Y: "y",
};
`,
	"sdk-beta/models/index.d.ts": `export interface Group extends Entity, Parsable {
    tags?: string[] | null;
}
/**
 * The place is an abstract type.
 */
export interface Place extends Parsable {
}
`,
}

const wantV1 = `/groups *group
+entity - ea
 id String k
+group entity eo
 items >*item? o
 later Int32?
 level level? r
 made DateTimeOffset? c
 names *String s
 owners >*user?
 place place? i
!assign list *item?
+house place c
 ways ways?
+item entity e
+place - ca
+special group e
=level n low high
=ways y a
`

// Beta has v1.0's later no more, and newer, tags and ways from the SDK alone.
const wantBeta = `/groups *group
+entity - ea
 id String sK
+group entity eo
 count number
 items >*item? O
 level level R
 made DateTimeOffset C
 names *String? s
 newer newer~
 place place? I
 tags *String~
 ways betaWays~
!!assign list *item?
+house place c
 ways betaWays
+item entity eo
 size Int64?
+newer - cuq
 level level~
+place - ca
+special group e
=betaWays y y x
=level n low high extra
`

func write(t *testing.T) (string, sources) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	return dir, sources{in("types"), in("types-beta"), in("sdk-beta"), in("metadata")}
}

// The tables of a small Graph have what each source is for. They are the same
// each time, and package graphmeta can decode them.
func TestTables(t *testing.T) {
	_, s := write(t)
	wanted := []endpoint{{"/groups", []string{"v1.0", "beta"}}, {"/groups/{id}/nothing", nil}}
	for range 5 {
		v1, beta, err := s.models()
		if err != nil {
			t.Fatal(err)
		}
		for m, want := range map[*model]string{v1: wantV1, beta: wantBeta} {
			table, summary, err := m.table(wanted)
			if err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(table, "/groups")
			if diff := cmp.Diff(want, "/groups"+body); diff != "" {
				t.Errorf("%s (-want +got)\n%s", m.version, diff)
			}
			if got, err := graphmeta.Decode(table); err != nil || got.Version != m.version {
				t.Errorf("%s: %v", m.version, err)
			}
			if !strings.HasSuffix(summary, "lacks: /groups/{id}/nothing") {
				t.Errorf("the summary is %q", summary)
			}
			for _, p := range pinned {
				if !strings.Contains(table, "#"+p.String()+"\n") {
					t.Errorf("%s does not name the source %s", m.version, p)
				}
			}
		}
	}
}

// After a collection comes a key, also one that is a word; after an object none.
func TestEndpointsWithKeys(t *testing.T) {
	_, s := write(t)
	v1, _, err := s.models()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"/groups": "group", "/groups/{id}/items": "item", "/groups/word/items": "item", "/groups/items/items": "item", "/groups/{id}/word/items": ""} {
		if got, _, ok := v1.endpoint(path); got != want && (ok || want != "") {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
}

func TestTablesRefuse(t *testing.T) {
	_, s := write(t)
	v1, _, err := s.models()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := v1.table([]endpoint{{"/settings", []string{"v1.0"}}}); err == nil || !strings.Contains(err.Error(), "/settings leads to no type") {
		t.Errorf("got %v, want an endpoint that leads to no type", err)
	}
	v1.types["Date"] = newType(false, "")
	v1.types["group"].props["date"] = &prop{value: value{typ: "Date"}}
	if _, _, err := v1.table([]endpoint{{"/groups", nil}}); err == nil || !strings.Contains(err.Error(), "Date") {
		t.Errorf("got %v, want a type that is called like one of OData", err)
	}
}

// What the documentation of v1.0 shows is declared as beta declares it, with its
// types, and marked.
func TestAddShown(t *testing.T) {
	_, s := write(t)
	v1, beta, err := s.models()
	if err != nil {
		t.Fatal(err)
	}
	if err := v1.addShown(beta, "# a comment\ngroup\tnewer\ta page\nvpnConfiguration\t-\ta page\nhouse\tplace\ta page\n"); err == nil || !strings.Contains(err.Error(), "house/place") {
		t.Errorf("got %v: a property that beta lacks is accepted", err)
	}
	table, _, err := v1.table([]endpoint{{"/groups", nil}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\n newer newer~ d\n", "\n+newer - cuq\n level level~ d\n"} {
		if !strings.Contains(table, want) {
			t.Errorf("the table lacks %q:\n%s", want, table)
		}
	}
	if v1.types["vpnConfiguration"] == nil || beta.types["group"].props["newer"].marks != 0 {
		t.Error("a type lacks, or beta is changed")
	}
	for _, table := range []string{"group\tnewer\ta page\n", "group\tnames\tx\n", "group\tnames\n", "nothing\t-\tx\n", "nothing\tx\tx\n", "house\t-\tx\n"} {
		if err := v1.addShown(beta, table); err == nil {
			t.Errorf("%q is accepted", table)
		}
	}
}

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"-help"}, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"npm pack @microsoft/msgraph-beta-sdk@1.0.0-preview.81", "git clone https://github.com/microsoftgraph/msgraph-metadata && git -C msgraph-metadata checkout f54f11b", "-metadata"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the help lacks %q:\n%s", want, out.String())
		}
	}
	if err := run([]string{"-types", "x"}, &out); err == nil {
		t.Error("missing folders are not reported")
	}
	dir, s := write(t)
	args := []string{"-types", s.types, "-types-beta", s.typesBeta, "-sdk-beta", s.sdkBeta, "-metadata", s.metadata, "-out", dir}
	if err := run(args, &out); err == nil || !strings.Contains(err.Error(), "shown.tsv") {
		t.Errorf("got %v: a Graph without what the documentation shows is accepted", err)
	}
	for _, name := range []string{"types", "types-beta", "sdk-beta", "metadata/schemas/type-mappings/beta-enum-types.json", "metadata/schemas/beta-Review.csdl"} {
		dir, s := write(t)
		if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.models(); err == nil {
			t.Errorf("a source without %s is accepted", name)
		}
	}
}

// Every endpoint of the catalogue and of endpoints.tsv leads to a type, in the
// versions that the generator demands.
func TestEndpoints(t *testing.T) {
	all, err := endpoints()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		for _, version := range e.versions {
			m, ok := graphmeta.Of(version)
			if !ok {
				t.Fatalf("%s: no version %q", e.path, version)
			}
			if at, ok := m.Endpoint(e.path); !ok {
				t.Errorf("%s %s leads to no type: make the tables anew", version, e.path)
			} else if _, ok := m.Type(at.Type); !ok {
				t.Errorf("%s %s leads to %s, which is not in the table: make the tables anew", version, e.path, at.Type)
			}
		}
	}
}
