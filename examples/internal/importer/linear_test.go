package importer

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// exports are folders of n files, each of a form that has taken quadratic time.
var exports = map[string]func(n int) fstest.MapFS{
	"policies that refer to groups": func(n int) fstest.MapFS {
		files := fstest.MapFS{}
		for i := range n / 2 {
			id := fmt.Sprintf("%08x-0000-4000-8000-00000000c0de", i)
			files[fmt.Sprintf("Groups/G%d.json", i)] = file(`{"id":%q,"displayName":"G%d"}`, id, i)
			files[fmt.Sprintf("ConditionalAccess/P%d.json", i)] = file(`{"displayName":"P%d","conditions":{"users":{"includeUsers":["All"],"excludeGroups":[%q]}}}`, i, id)
		}
		return files
	},
	"groups that only the migration table names": func(n int) fstest.MapFS {
		files := fstest.MapFS{}
		var entries []string
		for i := range n {
			id := fmt.Sprintf("%08x-0000-4000-8000-00000000c0de", i)
			entries = append(entries, fmt.Sprintf(`{"Id":%q,"DisplayName":"G%d","Type":"Group"}`, id, i))
			files[fmt.Sprintf("ConditionalAccess/P%d.json", i)] = file(`{"displayName":"P%d","conditions":{"users":{"includeUsers":["All"],"excludeGroups":[%q]}}}`, i, id)
		}
		files[migrationTableName] = file(`{"TenantId":%q,"Objects":[%s]}`, idA, strings.Join(entries, ","))
		return files
	},
	"files of one name": func(n int) fstest.MapFS {
		files := fstest.MapFS{}
		for i := range n {
			files[fmt.Sprintf("Groups/G%d.json", i)] = file(`{"displayName":"Same","description":"%d"}`, i)
		}
		return files
	},
	"files of one id": func(n int) fstest.MapFS {
		files := fstest.MapFS{}
		for i := range n {
			files[fmt.Sprintf("Groups/G%d.json", i)] = file(`{"id":%q,"displayName":"G%d"}`, idA, i)
		}
		return files
	},
	"a chain of groups, the last of which is missing": func(n int) fstest.MapFS {
		files := fstest.MapFS{}
		for i := range n {
			files[fmt.Sprintf("Groups/%06d.json", i)] = file(`{"@odata.type":"#microsoft.graph.group","id":"%08x-0000-4000-8000-00000000c0de","displayName":"G%d","parent":"%08x-0000-4000-8000-00000000c0de"}`, i, i, i+1)
		}
		return files
	},
}

func file(format string, args ...any) *fstest.MapFile {
	return &fstest.MapFile{Data: fmt.Appendf(nil, format, args...)}
}

// linearKinds are the catalogue's, and groups refer to groups in a chain.
func linearKinds() []tenant.Kind {
	kinds := catalogue.Default().Kinds()
	for i, k := range kinds {
		if k.Name == tenanttest.Groups {
			kinds[i].References = append(slices.Clone(k.References), tenant.Reference{Path: "/parent", Kinds: []string{tenanttest.Groups}})
		}
	}
	return kinds
}

// importTime returns the least time of some imports of the same files.
func importTime(t *testing.T, files fstest.MapFS) time.Duration {
	t.Helper()
	least := time.Hour
	for range 2 {
		im := newImporter(Options{Kinds: linearKinds()})
		start := time.Now()
		if err := im.readFiles(files); err != nil {
			t.Fatal(err)
		}
		im.decide()
		if _, err := im.result(); err != nil {
			t.Fatal(err)
		}
		least = min(least, time.Since(start))
	}
	return least
}

// An import of twice the files takes at most 2.3 times as long. A busy machine can
// distort a measurement, so that the best of several counts.
func TestImportIsLinear(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes the imports take a minute: run without -race")
	}
	const few, doublings, limit, attempts = 250, 3, 2.3, 5
	for name, export := range exports {
		t.Run(name, func(t *testing.T) {
			small, large := export(few), export(few<<doublings)
			best := math.Inf(1)
			for range attempts {
				factor := float64(importTime(t, large)) / float64(importTime(t, small))
				if best = min(best, math.Pow(factor, 1./doublings)); best <= limit {
					return
				}
			}
			t.Errorf("%d files take %.2f times as long as half of them, for each doubling from %d", few<<doublings, best, few)
		})
	}
}

// BenchmarkImport shows the time of a large export and of its halves.
func BenchmarkImport(b *testing.B) {
	for name, export := range exports {
		for _, n := range []int{2000, 4000, 8000} {
			files := export(n)
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				for b.Loop() {
					im := newImporter(Options{Kinds: linearKinds()})
					if err := im.readFiles(files); err != nil {
						b.Fatal(err)
					}
					im.decide()
				}
			})
		}
	}
}
