package statetest

import (
	"slices"
	"strings"
	"testing"
)

// naiveBug is a bug that can be planted into [naive].
type naiveBug struct {
	name string
	kit  string
	// caughtBy is the case for this bug; others may fail too.
	caughtBy string
}

// The kits.
const (
	kitStore  = "TestStore"
	kitLeaser = "TestLeaser"
	kitBlobs  = "TestBlobs"
	kitPruner = "TestPruner"
)

// casesOf are the cases of a kit.
var casesOf = map[string][]kitCase{
	kitStore: storeCases(), kitLeaser: leaserCases(), kitBlobs: blobCases, kitPruner: allPrunerCases(),
}

// naiveBugs are the bugs that the kits find in [naive], each with the case for
// it.
var naiveBugs = []naiveBug{
	{"a cancelled call is carried out", kitStore, "caller/cancelled"},
	{"a commit is not validated", kitStore, "caller/invalid commit"},
	{"a result shares the store's memory", kitStore, "caller/owns what was returned"},
	{"a missing record is an empty one", kitStore, "load/missing"},
	{"the version is not checked", kitStore, "commit/conflicts"},
	{"the fence is not checked", kitStore, "fence/raised"},
	{"the deadline is not checked", kitStore, "time/deadline"},
	{"expiry is found before conflicts", kitStore, "time/conflict before expiry"},
	{"WakeIn counts from the time given", kitStore, "time/in"},
	{"a commit ends the lease", kitStore, "fence/without"},
	{"the status is the request's", kitStore, "event/none"},
	{"only the first event counts", kitStore, "event/several"},
	{"an event is legal in every status", kitStore, "event/every illegal move"},
	{"only the first entry is written", kitStore, "commit/many entries"},
	{"a run replaces another tenant's", kitStore, "runs/replaced"},
	{"a run is stored beside its former self", kitStore, "runs/replaced"},
	{"a run keeps its first digest", kitStore, "runs/changed"},
	{"runs come oldest first", kitStore, "runs/order"},
	{"the digest does not filter", kitStore, "runs/filters"},
	{"Until is inclusive", kitStore, "runs/filters"},
	{"a removal leaves the history", kitStore, "remove/all"},
	{"a removal leaves the runs", kitStore, "remove/all"},
	{"a removal leaves no entry", kitStore, "remove/all"},
	{"a tenant that is created again begins at version 1", kitStore, "remove/again"},
	{"a list comes in any order", kitStore, "list/by tenant"},
	{"labels do not filter", kitStore, "list/labels"},
	{"statuses do not filter", kitStore, "list/statuses"},
	{"the run does not filter the history", kitStore, "history/filters"},
	{"a full page has a next one", kitStore, "history/full page"},
	{"an event is illegal in some statuses", kitStore, "event/every legal move"},
	{"a new tenant's status is not checked", kitStore, "event/illegal for a new tenant"},
	{"events are checked before versions and deadlines", kitStore, "event/conflict and expiry before it"},
	{"a run's times and data are lost", kitStore, "runs/stored"},
	{"runs are written before the commit is checked", kitStore, "runs/with the record"},
	{"a full page of runs has a next one", kitStore, "runs/full page"},
	{"runs are paged by offset", kitStore, "runs/changing"},
	{"texts of a run are cut", kitStore, "runs/long texts"},
	{"a run's data is the store's own", kitStore, "runs/caller"},
	{"runs are listed for a cancelled call", kitStore, "runs/cancelled"},
	{"a request for runs is not validated", kitStore, "runs/invalid"},
	{"a removal removes by prefix", kitStore, "remove/others stay"},
	{"a removal goes by no version", kitStore, "remove/conflicts"},
	{"a removal is not validated", kitStore, "remove/invalid"},
	{"a tenant that is created again begins at fence 0", kitStore, "remove/lease"},
	{"a full page of records has a next one", kitStore, "list/full page"},
	{"claims go by tenant", kitLeaser, "claim/order"},
	{"a claim has no limit", kitLeaser, "claim/order"},
	{"leased tenants are claimed", kitLeaser, "claim/not leased"},
	{"tenants that wait for nothing are claimed", kitLeaser, "claim/due"},
	{"the fence stays", kitLeaser, "claim/lease"},
	{"a lease is a commit", kitLeaser, "claim/lease"},
	{"the owner is not kept", kitLeaser, "claim/lease"},
	{"the same owner acquires again", kitLeaser, "acquire/exclusive"},
	{"a lease is not exclusive", kitLeaser, "acquire/exclusive"},
	{"a lease that ran out is lost", kitLeaser, "renew/after the end"},
	{"a renewal counts from the lease's end", kitLeaser, "renew/longer"},
	{"releasing twice is an error", kitLeaser, "release/twice"},
	{"any fence renews and releases", kitLeaser, "renew/lost"},
	{"a full page of entries is never the last", kitStore, "limits/pages"},
	{"the longest name is cut", kitStore, "limits/names"},
	{"a claim of exactly Limit leaves one out", kitLeaser, "limits/claim"},
	{"a prune of exactly Limit leaves one out", kitPruner, "limits/prune"},
	{"a claim forgets a renewed tenant", kitLeaser, "queue/renewed"},
	{"a renewed lease ends at its first end", kitLeaser, "queue/renewed"},
	{"a shorter renewal keeps its place", kitLeaser, "renew/shorter"},
	{"a release keeps the lease's place", kitLeaser, "claim/not leased"},
	{"a tenant whose lease ran out comes last", kitLeaser, "queue/order"},
	{"a lease that runs out wakes the tenant", kitLeaser, "queue/as committed"},
	{"a claim forgets a tenant that waits for nothing", kitLeaser, "queue/woken"},
	{"a renewal after a release gets no place", kitLeaser, "queue/renewed after its release"},
	{"a removal keeps the lease's place", kitLeaser, "queue/removed"},
	{"a claim meets one ended lease and forgets the others", kitLeaser, "queue/many ended"},
	{"a commit keeps the note", kitLeaser, "note/cleared"},
	{"a commit stores the caller's note", kitLeaser, "note/cleared"},
	{"a new holder has the former one's note", kitLeaser, "note/cleared"},
	{"a release clears the note", kitLeaser, "note/kept"},
	{"a renewal without a note clears it", kitLeaser, "note/kept"},
	{"a note is a commit", kitLeaser, "note/kept"},
	{"a renewal of a lost lease writes its note", kitLeaser, "note/lost lease"},
	{"a note has any size", kitLeaser, "note/size"},
	{"Put keeps the caller's data", kitBlobs, "blob/caller owns"},
	{"Get returns the store's data", kitBlobs, "blob/caller owns"},
	{"large blobs are cut", kitBlobs, "blob/put and get"},
	{"putting again is an error", kitBlobs, "blob/put twice"},
	{"the size is not returned", kitBlobs, "blob/put and get"},
	{"the run is no part of a name", kitBlobs, "blob/missing"},
	{"names are paths", kitBlobs, "blob/names"},
	{"blobs are shared by their content", kitBlobs, "blob/missing"},
	{"a missing blob is empty", kitBlobs, "blob/missing"},
	{"damage is not noticed", kitBlobs, "blob/damaged"},
	{"blobs of no run are left", kitBlobs, "blob/remove"},
	{"removing goes by prefix", kitBlobs, "blob/remove"},
	{"putting again leaves the age", kitPruner, "prune/young blobs"},
	{"the age does not count", kitPruner, "prune/age"},
	{"every tenant is pruned", kitPruner, "prune/tenant"},
	{"a prune has no limit", kitPruner, "prune/limit"},
	{"the current run's entries are pruned", kitPruner, "prune/run"},
	{"entries of no run are kept", kitPruner, "prune/no run"},
	{"a run's age counts from its start", kitPruner, "prune/runs"},
	{"the current run is pruned", kitPruner, "prune/runs"},
	{"runs are kept", kitPruner, "prune/runs"},
	{"young blobs are pruned", kitPruner, "prune/young blobs"},
	{"the current run's blobs are pruned", kitPruner, "prune/run"},
	{"blobs in Refs are pruned", kitPruner, "prune/refs"},
	{"the entries of a removal are kept", kitPruner, "prune/removed"},
	{"an old blob that is put again is pruned before its commit", kitPruner, "prune/between put and commit"},
	{"a record keeps only the blobs of its own run", kitPruner, "prune/between a skipped put and its commit"},
	{"a record keeps what its predecessor referred to", kitPruner, "prune/between a skipped put and its commit"},
	{"a record's reference keeps every tenant's blob", kitPruner, "prune/between a skipped put and its commit"},
	{"a commit over a version that was replaced succeeds", kitPruner, "prune/between two records"},
}

func naiveFixture(bug string) Fixture {
	s := newNaive(bug)
	return Fixture{Store: s, Leaser: s, Blobs: s, Pruner: s, Pass: s.pass, Damage: s.damage}
}

func TestNaiveStoreConforms(t *testing.T) {
	for kit, cases := range casesOf {
		for _, c := range cases {
			if reports := record(t, c, naiveFixture("")).reports; reports != nil {
				t.Errorf("%s, %s: %s", kit, c.name, strings.Join(reports, "\n"))
			}
		}
	}
}

// Each kit finds at least ten bugs that a stranger may make.
func TestKitsFindTheBugsOfANaiveStore(t *testing.T) {
	planted := map[string]int{}
	for _, b := range naiveBugs {
		planted[b.kit]++
		t.Run(b.kit+"/"+b.name, func(t *testing.T) {
			i := slices.IndexFunc(casesOf[b.kit], func(c kitCase) bool { return c.name == b.caughtBy })
			if i < 0 {
				t.Fatalf("there is no case %q", b.caughtBy)
			}
			reports := record(t, casesOf[b.kit][i], naiveFixture(b.name)).reports
			if reports == nil {
				t.Fatalf("the case %q did not fail", b.caughtBy)
			}
			t.Log(reports[0])
		})
	}
	for kit := range casesOf {
		if planted[kit] < 10 {
			t.Errorf("%d bugs are planted for %s, want 10 at least", planted[kit], kit)
		}
	}
}
