package syncer

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/tenant"
)

// A deployment's words are those of the API and of the history.
func TestDeployStatuses(t *testing.T) {
	for status, want := range map[deploy.Status]ItemStatus{
		deploy.Applied: ItemApplied, deploy.Failed: ItemFailed, deploy.Conflict: ItemConflict, deploy.Unsupported: ItemUnsupported,
		deploy.Skipped: ItemSkipped, deploy.NotAttempted: ItemNotAttempted, deploy.Unknown: ItemUnknown, deploy.Waits: ItemWaits, deploy.Retry: ItemRetry,
	} {
		if got := itemResult(deploy.Result{Status: status}).Status; got != want {
			t.Errorf("the status %q is %q in the API, want %q", status, got, want)
		}
	}
}

// A result is stored and read again whole.
func TestDeployResultsAreStoredWhole(t *testing.T) {
	r := deploy.Result{Item: "groups/G", Kind: "groups", Key: "G", Verb: tenant.Update, Status: deploy.Failed, TenantID: "1",
		Class: "permanent", Message: "no", RequestID: "2", Attempts: 3, Duration: time.Second,
		Approval: &deploy.Request{Code: "r-1"}}
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "After" { // the pause before another attempt is not stored
			t.Errorf("the test lacks a value of %s", name)
		}
	}
	if diff := cmp.Diff(&r, deployResult(itemResult(r))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
