package secretsearch

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
)

// Channels collects the bytes of named channels, for [Search]. Its zero value
// is empty. It is safe for concurrent use.
type Channels struct {
	mu   sync.Mutex
	data map[string][]byte
	seen map[[sha256.Size]byte]bool
}

// Add adds bytes to a channel. The bytes of one call are searched as one text:
// a secret that is split over two calls is not found. Equal texts are kept
// once.
func (c *Channels) Add(channel string, data []byte) {
	sum := sha256.Sum256(slices.Concat([]byte(channel), []byte{0}, data))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.data == nil {
		c.data, c.seen = map[string][]byte{}, map[[sha256.Size]byte]bool{}
	}
	if c.seen[sum] {
		return
	}
	c.seen[sum] = true
	c.data[channel] = append(append(c.data[channel], data...), '\n', 0)
}

// AddValue adds a value as programs show it: with fmt's verbs, and as JSON if
// it can be encoded.
func (c *Channels) AddValue(channel string, v any) {
	c.Add(channel, fmt.Appendf(nil, "%v\n%+v\n%#v\n%s\n%q", v, v, v, v, v))
	if raw, err := json.Marshal(v); err == nil {
		c.Add(channel, raw)
	}
}

// AddError adds an error and all errors that it wraps, each also in its Go
// form, which shows fields that the text leaves out. A nil error adds nothing.
func (c *Channels) AddError(channel string, err error) {
	if err == nil {
		return
	}
	c.AddValue(channel, err)
	switch wrapped := err.(type) {
	case interface{ Unwrap() error }:
		c.AddError(channel, wrapped.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range wrapped.Unwrap() {
			c.AddError(channel, e)
		}
	}
}

// AddZip adds the names and the unpacked contents of an archive.
func (c *Channels) AddZip(channel string, raw []byte) error {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return fmt.Errorf("secretsearch: %s: %w", channel, err)
	}
	c.Add(channel, []byte(z.Comment))
	for _, f := range z.File {
		c.Add(channel, []byte(f.Name+"\n"+f.Comment))
		r, err := f.Open()
		if err != nil {
			return fmt.Errorf("secretsearch: %s: %s: %w", channel, f.Name, err)
		}
		content, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("secretsearch: %s: %s: %w", channel, f.Name, err)
		}
		c.Add(channel, content)
	}
	return nil
}

// Writer returns a writer into a channel; each Write is one text.
func (c *Channels) Writer(channel string) io.Writer { return writer{c, channel} }

type writer struct {
	c       *Channels
	channel string
}

func (w writer) Write(p []byte) (int, error) {
	w.c.Add(w.channel, p)
	return len(p), nil
}

// All returns the texts of the channels so far, by name.
func (c *Channels) All() map[string][]byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make(map[string][]byte, len(c.data))
	for name, data := range c.data {
		out[name] = bytes.Clone(data)
	}
	return out
}

// Names returns the names of the channels that have texts, in order.
func (c *Channels) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.data))
}
