package tenant_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

func TestMemoryRepository(t *testing.T) {
	tenanttest.TestRepository(t, func(*testing.T) tenanttest.RepositoryFixture {
		m := tenant.NewMemoryRepository()
		return tenanttest.RepositoryFixture{Repository: m, Edit: m.Edit, Reopen: func() tenant.Repository { return m }}
	})
}

func TestDirRepository(t *testing.T) {
	tenanttest.TestRepository(t, func(t *testing.T) tenanttest.RepositoryFixture {
		root := t.TempDir()
		edit := func(tenantID, kind, key string, body []byte) error {
			file := filepath.Join(root, tenantID, "desired", kind, filepath.FromSlash(tenant.FilePath(key, false)))
			if body == nil {
				return os.Remove(file)
			}
			return os.WriteFile(file, body, 0o666)
		}
		return tenanttest.RepositoryFixture{
			Repository: openDir(t, root), Edit: edit,
			Reopen: func() tenant.Repository { return openDir(t, root) },
		}
	})
}

func openDir(t *testing.T, root string) *tenant.DirRepository {
	t.Helper()
	d, err := tenant.NewDirRepository(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
