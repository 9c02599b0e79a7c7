package diff

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// deviationsOf parses the deviations that have not expired. The result is by
// object.
func deviationsOf(rules []plan.Deviation, now time.Time) (map[plan.Target][]deviation, error) {
	var out map[plan.Target][]deviation
	for _, d := range rules {
		parsed, err := parseDeviation(d)
		if err != nil {
			return nil, fmt.Errorf("plan: deviation of %s at %q: %w", reference.ItemID(d.Kind, d.Key), d.Pointer, err)
		}
		if !d.Expires.IsZero() && !now.Before(d.Expires) {
			continue
		}
		if out == nil {
			out = map[plan.Target][]deviation{}
		}
		id := plan.Target{Kind: d.Kind, Key: d.Key}
		out[id] = append(out[id], parsed)
	}
	return out, nil
}

func parseDeviation(d plan.Deviation) (deviation, error) {
	out := deviation{why: "a deviation accepts the tenant's value: " + orNone(d.Reason)}
	if d.Owner != "" {
		out.why += "; owner " + d.Owner
	}
	if !d.Expires.IsZero() {
		out.why += "; until " + d.Expires.UTC().Format("2006-01-02 15:04 MST")
	}
	var err error
	if out.segs, err = jsonval.SplitPointer(d.Pointer); err != nil {
		return out, err
	}
	if len(out.segs) == 0 || strings.HasSuffix(d.Pointer, "/-") {
		return out, fmt.Errorf("the pointer must name a property: neither the whole object nor a member of a set")
	}
	if len(d.Accepted) > 0 {
		if out.accepted, err = jsonval.Parse(d.Accepted); err != nil {
			return out, fmt.Errorf("accepted value: %w", err)
		}
	}
	return out, nil
}

// accepted returns an object's deviations that apply, because the tenant has
// exactly the accepted value.
func accepted(of []deviation, k *schema.Schema, current *jsonval.Node) []deviation {
	var out []deviation
	for _, d := range of {
		r, now := k.Root.FollowIn(current, d.segs)
		if jsonval.Equal(schema.Canonical(r, d.accepted), schema.Canonical(r, now)) {
			out = append(out, d)
		}
	}
	return out
}

// acceptedAt returns the deviation that accepts the whole difference, or nil.
func (o *object) acceptedAt(d *difference) *deviation {
	i := slices.IndexFunc(o.accepted, func(a deviation) bool {
		return len(a.segs) <= len(d.segs) && slices.Equal(a.segs, d.segs[:len(a.segs)])
	})
	if i < 0 {
		return nil
	}
	return &o.accepted[i]
}
