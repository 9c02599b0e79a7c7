package tenant

import (
	"encoding/json"
	"errors"
	"os"
	"path"
	"strings"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// hidden is the folder that people leave alone. What it has is told in package
// pack and in dir_index.go, and what format 1 had there in dir_format1.go.
const (
	hidden      = ".tenantsync"
	pendingFile = hidden + "/pending.json"
	lockName    = hidden + "/lock"
	newName     = hidden + "/new"
	packName    = hidden + "/pack"
	ackName     = hidden + "/acknowledged"
)

// folderMode is the mode of the repository's own folder.
const folderMode = 0o700

// remedy returns the sentence that tells people what to do about a damaged file or
// folder.
func remedy(name string) string {
	switch {
	case name == lockName, name == newName:
		return "delete it while nothing uses the folder; it will be made anew"
	case name == pendingFile:
		return "restore it from a backup of the folder, or move it away and look at the tenant's files: the write that it held may be half done"
	case name != hidden && !strings.HasPrefix(name, hidden+"/") && path.Base(name) != hidden:
		return "put right or remove what has this name"
	}
	return "restore it from a backup of the folder"
}

func newFolder(root *os.Root, name string, step func(act, path string) error) *folder.Folder {
	return folder.New(root, folder.Config{Name: name, Temporary: newName, Step: step, Remedy: remedy})
}

// packConfig returns the configuration of the packs of all tenants.
func packConfig(boot pack.Boot, newSalt func() ([16]byte, error)) pack.Config {
	return pack.Config{
		Name: packName, Acknowledged: ackName, Boot: boot, NewSalt: newSalt,
		CheckFormat: func(name string, text []byte) error { return checkFormat(name, text, pack.Format) },
		IsNewer:     func(err error) bool { return errors.Is(err, ErrNewerFormat) },
		CheckName:   checkListed, MaxContent: MaxFileSize, Compressed: snapshotFile,
	}
}

// mark leaves a pending.json of this format, so that a version that knows format
// 1 alone refuses the folder.
func (t *tenantDir) mark() error {
	if t.marked {
		return nil
	}
	text, err := json.Marshal(struct {
		Format int `json:"format"`
	}{pack.Format})
	if err != nil {
		return err
	}
	if err := t.folder.WriteSynced(pendingFile, append(text, '\n')); err != nil {
		return err
	}
	t.marked = true
	return nil
}
