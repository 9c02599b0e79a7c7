package authtest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// savedEntra is the form in which Save writes a fake Entra.
type savedEntra struct {
	Format int `json:"format"`
	// Shown counts the codes, so that no two are alike.
	Shown  int          `json:"shown"`
	Grants []savedGrant `json:"grants"`
	// Access are the access tokens that are still good.
	Access []string `json:"access"`
}

type savedGrant struct {
	User    string `json:"user"`
	Home    string `json:"home"`
	Current string `json:"current"`
	Revoked bool   `json:"revoked,omitempty"`
	// Spent are the refresh tokens that were good once.
	Spent []string `json:"spent,omitempty"`
}

const savedEntraFormat = 1

// Save returns the sign-ins that were made, with their tokens, so that a
// program that is started again can use them: see [Entra.Restore]. Codes that
// nobody has answered yet are not saved. The tokens are of the fake and open
// nothing else, but look like secrets: keep them where only their owner reads.
func (e *Entra) Save() json.RawMessage {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := savedEntra{Format: savedEntraFormat, Shown: e.shown, Grants: []savedGrant{}, Access: []string{}}
	spent := map[*grant][]string{}
	for token, g := range e.grants {
		list := spent[g]
		if token != g.current {
			list = append(list, token)
		}
		spent[g] = list
	}
	for g, tokens := range spent {
		slices.Sort(tokens)
		s.Grants = append(s.Grants, savedGrant{User: g.user, Home: g.home, Current: g.current, Revoked: g.revoked, Spent: tokens})
	}
	slices.SortFunc(s.Grants, func(a, b savedGrant) int { return cmp.Compare(a.Current, b.Current) })
	for _, token := range slices.Sorted(maps.Keys(e.access)) {
		if e.access[token] {
			s.Access = append(s.Access, token)
		}
	}
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("authtest: save: %v", err)) // texts and numbers always encode
	}
	return raw
}

// Restore adds the sign-ins that [Entra.Save] returned. It returns an error,
// and changes nothing, for what Save did not write.
func (e *Entra) Restore(data json.RawMessage) error {
	var s savedEntra
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("authtest: restore: %w", err)
	}
	if s.Format != savedEntraFormat {
		return fmt.Errorf("authtest: restore: format %d, this version knows %d", s.Format, savedEntraFormat)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shown = max(e.shown, s.Shown)
	for _, sg := range s.Grants {
		g := &grant{user: sg.User, home: sg.Home, current: sg.Current, revoked: sg.Revoked}
		for _, token := range append(sg.Spent, sg.Current) {
			e.grants[token] = g
			e.secrets = append(e.secrets, token)
		}
	}
	for _, token := range s.Access {
		e.access[token] = true
		e.secrets = append(e.secrets, token)
	}
	return nil
}
