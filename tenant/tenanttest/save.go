package tenanttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// saved is the form in which Save writes a tenant.
type saved struct {
	Format  int            `json:"format"`
	IDs     int            `json:"ids"`
	Granted []string       `json:"granted,omitempty"`
	Objects []savedObject  `json:"objects"`
	Kinds   []string       `json:"kinds"` // that the fake has
	Applied []savedApplied `json:"applied,omitempty"`
}

type savedObject struct {
	Kind    string          `json:"kind"`
	ID      string          `json:"id"`
	Changes int             `json:"changes"` // so that a version counts on
	Body    json.RawMessage `json:"body"`
	Secrets json.RawMessage `json:"secrets,omitempty"`
}

// savedApplied is what [Record.Repeated] needs of a write.
type savedApplied struct {
	Key    string `json:"key"`
	Object string `json:"object"`
}

const savedFormat = 1

// Save returns the tenant's content: its objects with their ids and secrets,
// the permissions that are granted, and the idempotency keys of the writes that
// took effect. It is for programs whose tenant outlives their process, see
// [Fake.Restore]. Save leaves out the calls, and conditions such as lag, throttling
// and refusals.
func (f *Fake) Save() json.RawMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := saved{Format: savedFormat, IDs: f.objects.ids, Objects: []savedObject{}}
	for _, k := range f.cfg.Kinds {
		s.Kinds = append(s.Kinds, k.Name)
		for _, o := range f.kinds[k.Name].objects {
			body := o.latest()
			if body == nil {
				continue
			}
			so := savedObject{Kind: k.Name, ID: o.id, Changes: len(o.versions), Body: encode(body)}
			if len(o.secrets) > 0 {
				so.Secrets = encode(o.secrets)
			}
			s.Objects = append(s.Objects, so)
		}
	}
	for p, granted := range f.Conditions.granted {
		if granted {
			s.Granted = append(s.Granted, p)
		}
	}
	slices.Sort(s.Granted)
	for _, w := range f.Record.writes {
		s.Applied = append(s.Applied, savedApplied{Key: w.IdempotencyKey, Object: w.Object})
	}
	raw, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("tenanttest: save: %v", err)) // made of decoded JSON
	}
	return raw
}

// Restore makes the tenant hold what [Fake.Save] returned, and nothing else. It
// returns an error, and changes nothing, for data that Save did not write, or that
// came from a fake with other kinds.
func (f *Fake) Restore(data json.RawMessage) error {
	var s saved
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("tenanttest: restore: %w", err)
	}
	if s.Format != savedFormat {
		return fmt.Errorf("tenanttest: restore: format %d, this version knows %d", s.Format, savedFormat)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	objects := map[string][]*object{}
	for _, so := range s.Objects {
		o, err := f.objects.restored(so)
		if err != nil {
			return fmt.Errorf("tenanttest: restore %s/%s: %w", so.Kind, so.ID, err)
		}
		objects[so.Kind] = append(objects[so.Kind], o)
	}
	for name, k := range f.kinds {
		if slices.Contains(s.Kinds, name) {
			k.objects = objects[name]
		}
	}
	f.objects.ids = s.IDs
	f.Conditions.granted = map[string]bool{}
	f.Record.forget()
	for _, p := range s.Granted {
		f.Conditions.granted[p] = true
	}
	for _, a := range s.Applied {
		w := &Write{Object: a.Object}
		w.IdempotencyKey = a.Key
		f.Record.writes = append(f.Record.writes, w)
	}
	return nil
}

// restored makes an object again.
func (s *objects) restored(so savedObject) (*object, error) {
	k := s.kinds[so.Kind]
	if k == nil {
		return nil, fmt.Errorf("the fake has no kind %q", so.Kind)
	}
	o := &object{kind: k, id: so.ID}
	body, err := parseObject(so.Body)
	if err != nil {
		return nil, err
	}
	if len(so.Secrets) > 0 {
		if o.secrets, err = parseObject(so.Secrets); err != nil {
			return nil, err
		}
	}
	for range so.Changes - 1 {
		o.set(nil, time.Time{})
	}
	o.set(body, time.Time{})
	return o, nil
}
