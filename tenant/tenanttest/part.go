package tenanttest

import (
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
)

// checkParts refuses a write that mixes an object with its parts: a service
// takes each by a request of its own.
func (k *fakeKind) checkParts(op tenant.Operation) error {
	sent := op.Patch
	if op.Verb == tenant.Create {
		sent = op.After
	}
	if len(k.Parts) == 0 || op.Verb == tenant.Delete {
		return nil
	}
	body, err := parseObject(sent)
	if err != nil {
		return err
	}
	known := op.Part == ""
	for _, p := range k.Parts {
		there := false
		walk(body, p.Path, func(at place) { there = true })
		known = known || p.Name == op.Part
		switch {
		case there && op.Verb == tenant.Create && p.WithCreate:
		case there && p.Name != op.Part:
			return fmt.Errorf("%s takes a request of its own", p.Path)
		case p.Name == op.Part && !there:
			return fmt.Errorf("the request for the part %s does not have it", p.Name)
		case p.Name == op.Part && len(body) > 1:
			return fmt.Errorf("the request for the part %s has more than it", p.Name)
		}
	}
	if !known {
		return fmt.Errorf("there is no part %q", op.Part)
	}
	return nil
}
