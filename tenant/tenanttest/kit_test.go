package tenanttest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func memoryFixture() RepositoryFixture {
	m := tenant.NewMemoryRepository()
	return RepositoryFixture{Repository: m, Edit: m.Edit, Reopen: func() tenant.Repository { return m }}
}

func dirFixture(t *testing.T) RepositoryFixture {
	root := t.TempDir()
	open := func() tenant.Repository {
		d, err := tenant.NewDirRepository(root)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { d.Close() })
		return d
	}
	edit := func(tenantID, kind, key string, body []byte) error {
		file := filepath.Join(root, tenantID, "desired", kind, key+".json")
		if body == nil {
			return os.Remove(file)
		}
		return os.WriteFile(file, body, 0o666)
	}
	return RepositoryFixture{Repository: open(), Reopen: open, Edit: edit}
}

func TestMemoryRepositoryPasses(t *testing.T) {
	TestRepository(t, func(t *testing.T) RepositoryFixture { return memoryFixture() })
}

func TestDirRepositoryPasses(t *testing.T) {
	TestRepository(t, dirFixture)
}
