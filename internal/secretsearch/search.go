package secretsearch

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
)

// Finding is a secret in a channel.
type Finding struct {
	// Channel is the name of the channel.
	Channel string
	// Secret is the secret.
	Secret string
	// Form names the form of the secret there.
	Form string
	// Around is the text around it.
	Around string
}

// String returns all fields, for a test's log.
func (f Finding) String() string {
	return fmt.Sprintf("%s: %q, %s, in %q", f.Channel, f.Secret, f.Form, f.Around)
}

// Search searches each channel's bytes for each of the secrets, in every form
// that it may have, and returns at most one finding for each channel and
// secret. It panics for a secret that is too short to be distinguished from
// other texts.
func Search(channels map[string][]byte, secrets []string) []Finding {
	index := newIndex(secrets)
	var found []Finding
	for _, name := range slices.Sorted(maps.Keys(channels)) {
		found = append(found, index.search(name, channels[name])...)
	}
	return found
}

// key is the number of bytes of a needle that the index looks up.
const key = 4

type needle struct {
	secret string
	form
}

// index finds many texts in one pass: by their first bytes.
type index struct {
	needles map[[key]byte][]needle
	// maybe has the pairs of bytes with which a needle begins.
	maybe [1 << 16]bool
}

func newIndex(secrets []string) *index {
	x := &index{needles: map[[key]byte][]needle{}}
	for _, s := range secrets {
		if len(s) < minSecret {
			panic(fmt.Sprintf("secretsearch: the secret %q is too short", s))
		}
		for _, f := range formsOf(s) {
			k := [key]byte([]byte(f.text[:key]))
			x.needles[k] = append(x.needles[k], needle{s, f})
			x.maybe[pair(f.text[0], f.text[1])] = true
		}
	}
	return x
}

func pair(a, b byte) int { return int(a)<<8 | int(b) }

func (x *index) search(channel string, data []byte) []Finding {
	var found []Finding
	seen := map[string]bool{}
	for i := 0; i+key <= len(data); i++ {
		if !x.maybe[pair(data[i], data[i+1])] {
			continue
		}
		for _, n := range x.needles[[key]byte(data[i:i+key])] {
			if seen[n.secret] || !bytes.HasPrefix(data[i:], []byte(n.text)) {
				continue
			}
			seen[n.secret] = true
			found = append(found, Finding{Channel: channel, Secret: n.secret, Form: n.name,
				Around: string(data[max(0, i-200):min(len(data), i+len(n.text)+100)])})
		}
	}
	return found
}
