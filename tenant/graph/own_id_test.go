package graph_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// An authentication context that its file gives the id c1, and a policy that refers to
// it, come into the tenant in one run, and rest there.
func TestIDsOfOnesOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &pieceHost{t: t, server: graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")}), repository: tenant.NewMemoryRepository(), store: state.NewMemory()}
		h.edit("authenticationContextClassReferences", "c1", `{"id":"c1","displayName":"Finance","isAvailable":true}`)
		h.edit(conditionalAccess, "P", `{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeAuthenticationContextClassReferences":["${authenticationContextClassReferences/c1}"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`)
		h.sync(syncer.Deployed)
		policy := string(h.server.Fake.Object(conditionalAccess, h.server.Fake.Find(conditionalAccess, "P")))
		if h.server.Fake.Object("authenticationContextClassReferences", "c1") == nil || !strings.Contains(policy, `"includeAuthenticationContextClassReferences":["c1"]`) {
			t.Errorf("the policy is %s, and must refer to c1", policy)
		}
		h.sync(syncer.NoChanges)
	})
}
