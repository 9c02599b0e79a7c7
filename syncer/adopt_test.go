package syncer_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// keptBlobs keeps the content of every blob that is put.
type keptBlobs struct {
	state.Store
	content *[]string
}

func (k keptBlobs) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	*k.content = append(*k.content, req.Kind+": "+string(req.Data))
	return k.Store.Put(ctx, req)
}

// The repository's file holds a secret, and drift of another property of the
// same file is adopted: the whole file is written, and no blob has the secret.
func TestAdoptionKeepsNoSecret(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kinds := syncertest.Kinds()[:1]
		kinds[0].Sensitive = []string{"/psk"}
		h := syncertest.New(syncertest.Config{Kinds: kinds})
		desire(t, h, "contoso", "groups", "G", `{"displayName":"G","psk":"hunter2hunter2","color":"red"}`)
		var blobs []string
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
			c.Store = keptBlobs{c.Store, &blobs}
		}})
		syncTenant(t, w, "contoso")
		f := h.Tenant("contoso")
		f.Set("groups", f.Find("groups", "G"), `{"color":"blue"}`)
		if row := syncTenant(t, w, "contoso"); row.Outcome != syncer.Adopted {
			t.Fatalf("outcome %q, want the drift to be adopted", row.Outcome)
		}
		d, err := h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if body := string(d.Resources[0].Body); !strings.Contains(body, "hunter2") || !strings.Contains(body, "blue") {
			t.Errorf("the file is %s, want the secret untouched and the drift adopted", body)
		}
		for _, content := range blobs {
			if strings.Contains(content, "hunter2") {
				t.Errorf("a blob holds the secret: %s", content)
			}
		}
	})
}

// An interrupted adoption is asked for by its key alone: repositories must know
// it without its changes.
func TestRepeatedUpdateNeedsNoChanges(t *testing.T) {
	dir, err := tenant.NewDirRepository(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for name, r := range map[string]tenant.Repository{"memory": tenant.NewMemoryRepository(), "dir": dir} {
		t.Run(name, func(t *testing.T) {
			update := func(parent, key string, changes ...tenant.Change) (tenant.Revision, error) {
				return r.Update(t.Context(), tenant.UpdateRequest{Tenant: "contoso", Parent: parent, Key: key, Changes: changes})
			}
			empty, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
			if err != nil {
				t.Fatal(err)
			}
			first, err := update(empty.Revision, "first", tenant.Change{Kind: "groups", Key: "G", Body: []byte(`{}`)})
			if err != nil {
				t.Fatal(err)
			}
			second, err := update(first.ID, "second", tenant.Change{Kind: "groups", Key: "H", Body: []byte(`{}`)})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := update(empty.Revision, "first"); err != nil || got.ID != first.ID {
				t.Errorf("a known key: %v, %v; want %v", got, err, first)
			}
			if _, err := update(empty.Revision, "never"); !errors.Is(err, tenant.ErrMoved) {
				t.Errorf("an unknown key: %v, want ErrMoved", err)
			}
			head, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
			if err != nil || head.Revision != second.ID || len(head.Resources) != 2 {
				t.Errorf("the head is %+v, %v; want it to be the second revision", head, err)
			}
		})
	}
}
