// Package keep keeps things in a folder that only its owner reads: what is fake
// in the example programs and would outlive them in real life, and the key that
// seals token caches.
package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tenantsync/tenantsync/auth"
)

// Dir is a folder. Safe for concurrent use.
type Dir struct {
	path string
	mu   sync.Mutex // one save or load at a time
}

// Open opens the folder, which is made if it is not there: for its owner only.
func Open(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	return &Dir{path: path}, nil
}

// Path is the folder's path.
func (d *Dir) Path() string { return d.path }

// File is the path of a file in the folder.
func (d *Dir) File(name string) string { return filepath.Join(d.path, name) }

// temporary writes a file that nobody knows yet, for its owner only.
func (d *Dir) temporary(name string, data []byte) (string, error) {
	f, err := os.CreateTemp(d.path, "."+name+"-*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

// Write replaces a file whole: a process that dies leaves the old one or the new.
func (d *Dir) Write(name string, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.write(name, data)
}

// Save writes a fake as it is once nobody else saves it: what is saved last is
// what the fake was last.
func (d *Dir) Save(name string, fake Kept) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.write(name, fake.Save())
}

func (d *Dir) write(name string, data []byte) error {
	temporary, err := d.temporary(name, data)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, d.File(name)); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// Create writes a file that is not there yet; else the error is fs.ErrExist,
// and the file stays as it is, also when two processes do it at once.
func (d *Dir) Create(name string, data []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	temporary, err := d.temporary(name, data)
	if err != nil {
		return err
	}
	return errors.Join(os.Link(temporary, d.File(name)), os.Remove(temporary))
}

// Load passes a file's content to restore, and reports whether there is one.
func (d *Dir) Load(name string, restore func(json.RawMessage) error) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, err := os.ReadFile(d.File(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err == nil {
		err = restore(data)
	}
	if err != nil {
		return false, fmt.Errorf("%s in %s cannot be used: %w", name, d.path, err)
	}
	return true, nil
}

// Key returns the key in the file of that name, which is made the first time,
// with the id.
func (d *Dir) Key(name, id string) (auth.Key, error) {
	err := d.Create(name, []byte(auth.GenerateKey(id).Encode()+"\n"))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return auth.Key{}, err
	}
	text, err := os.ReadFile(d.File(name))
	if err != nil {
		return auth.Key{}, err
	}
	key, err := auth.ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return auth.Key{}, fmt.Errorf("%s: %w", d.File(name), err)
	}
	return key, nil
}

// Kept is a fake that can be saved and restored.
type Kept interface {
	Save() json.RawMessage
	Restore(json.RawMessage) error
}

// Transport passes requests to a fake that is kept in the file of that name: as
// whoever saved it last has left it, where reload is set, and saved before who
// asked has the answer, so that what dies before that has not happened.
func (d *Dir) Transport(name string, fake Kept, base http.RoundTripper, reload bool) http.RoundTripper {
	return &transport{RoundTripper: base, dir: d, name: name, fake: fake, reload: reload}
}

type transport struct {
	http.RoundTripper
	dir    *Dir
	name   string
	fake   Kept
	reload bool

	mu   sync.Mutex
	last string // what was saved last
}

// RoundTrip answers a request, and saves what it has changed.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if t.reload { // one at a time, or one would take back what another has changed
		t.mu.Lock()
		defer t.mu.Unlock()
		if _, err := t.dir.Load(t.name, t.fake.Restore); err != nil {
			return nil, err
		}
	}
	res, err := t.RoundTripper.RoundTrip(req)
	if !t.reload {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	if now := string(t.fake.Save()); now != t.last {
		if failed := t.dir.Write(t.name, []byte(now)); failed != nil {
			if err == nil {
				failed = errors.Join(failed, res.Body.Close())
			}
			return nil, errors.Join(err, failed)
		}
		t.last = now
	}
	return res, err
}
