package keep_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenantsync/tenantsync/examples/internal/keep"
)

// counter is a fake that counts.
type counter struct{ n atomic.Int64 }

func (c *counter) Save() json.RawMessage { return json.RawMessage(strconv.FormatInt(c.n.Load(), 10)) }

func (c *counter) Restore(raw json.RawMessage) error {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	c.n.Store(n)
	return err
}

// RoundTrip counts a request.
func (c *counter) RoundTrip(*http.Request) (*http.Response, error) {
	c.n.Add(1)
	return httptest.NewRecorder().Result(), nil
}

// Whoever has its answer finds what it did in the file, whatever others do at
// the same time.
func TestNothingIsLost(t *testing.T) {
	const each, at = 25, 8
	for name, do := range map[string]func(d *keep.Dir, c *counter) func() error{
		"saved": func(d *keep.Dir, c *counter) func() error {
			return func() error { c.n.Add(1); return d.Save("fake", c) }
		},
		"requests": func(d *keep.Dir, c *counter) func() error { return get(d.Transport("fake", c, c, false)) },
		"requests to what is loaded each time": func(d *keep.Dir, c *counter) func() error {
			return get(d.Transport("fake", c, c, true))
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := keep.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			act := do(d, new(counter))
			var all sync.WaitGroup
			for range at {
				all.Go(func() {
					for range each {
						if err := act(); err != nil {
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			var kept counter
			if ok, err := d.Load("fake", kept.Restore); err != nil || !ok || kept.n.Load() != each*at {
				t.Errorf("%d of %d are kept, %v", kept.n.Load(), each*at, err)
			}
		})
	}
}

func get(transport http.RoundTripper) func() error {
	return func() error {
		req, err := http.NewRequest(http.MethodGet, "https://fake.example", nil)
		if err != nil {
			return err
		}
		res, err := transport.RoundTrip(req)
		if err != nil {
			return err
		}
		return res.Body.Close()
	}
}
