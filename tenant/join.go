package tenant

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Join returns one client of the kinds of several clients. Each kind belongs to the
// one client that knows it: Join fails, at the first call, if two clients know a kind
// by one name, or if the credentials of two clients lead to different directories. The
// joined client is a [Guard], a [Confirmer], a [Restorer] and an [ApprovalReader], and
// asks those clients that are one.
func Join(clients ...Client) Client { return &joined{clients: clients} }

// joined is the client that Join returns. Safe for concurrent use.
type joined struct {
	clients []Client

	mu     sync.Mutex
	owners map[string]int // the client of each kind
}

var (
	_ Guard          = (*joined)(nil)
	_ Confirmer      = (*joined)(nil)
	_ Restorer       = (*joined)(nil)
	_ ApprovalReader = (*joined)(nil)
)

// Kinds is part of [Client].
func (j *joined) Kinds(ctx context.Context) ([]Kind, error) {
	var all []Kind
	owners := make(map[string]int)
	for i, c := range j.clients {
		kinds, err := c.Kinds(ctx)
		if err != nil {
			return nil, err
		}
		for _, k := range kinds {
			if _, taken := owners[k.Name]; taken {
				return nil, &Error{Class: Invalid, Op: "kinds", Kind: k.Name, Message: "two of the joined clients know this kind"}
			}
			owners[k.Name] = i
		}
		all = append(all, kinds...)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.owners = owners
	return all, ctx.Err()
}

// owner returns the index of the client that knows a kind.
func (j *joined) owner(ctx context.Context, op, kind string) (int, error) {
	j.mu.Lock()
	owners := j.owners
	j.mu.Unlock()
	if owners == nil {
		if _, err := j.Kinds(ctx); err != nil {
			return 0, err
		}
		j.mu.Lock()
		owners = j.owners
		j.mu.Unlock()
	}
	if i, known := owners[kind]; known {
		return i, ctx.Err()
	}
	return 0, cmp.Or(ctx.Err(), error(&Error{Class: Invalid, Op: op, Kind: kind, Message: "there is no such kind"}))
}

// Permissions is part of [Client].
func (j *joined) Permissions(ctx context.Context, req PermissionsRequest) (Permissions, error) {
	parts := make([][]string, len(j.clients))
	for _, kind := range req.Kinds {
		i, err := j.owner(ctx, "permissions", kind)
		if err != nil {
			return Permissions{}, err
		}
		parts[i] = append(parts[i], kind)
	}
	var all Permissions
	for i, c := range j.clients {
		p, err := c.Permissions(ctx, PermissionsRequest{Kinds: parts[i], Write: req.Write})
		if err != nil {
			return Permissions{}, err
		}
		if all.Directory != "" && p.Directory != "" && !strings.EqualFold(all.Directory, p.Directory) {
			return Permissions{}, &Error{Class: Permanent, Op: "permissions",
				Message: fmt.Sprintf("the joined clients lead to two directories, %s and %s", all.Directory, p.Directory)}
		}
		all.Directory, all.ConsentURL = cmp.Or(all.Directory, p.Directory), cmp.Or(all.ConsentURL, p.ConsentURL)
		all.Required = append(all.Required, p.Required...)
		all.Granted = append(all.Granted, p.Granted...)
	}
	slices.Sort(all.Granted)
	all.Granted = slices.Compact(all.Granted)
	return all, ctx.Err()
}

// Read is part of [Client].
func (j *joined) Read(ctx context.Context, req ReadRequest, emit func(Resource) error) (ReadResult, error) {
	i, err := j.owner(ctx, "read", req.Kind)
	if ClassOf(err) == Invalid {
		return ReadResult{Completeness: Failed, Class: Invalid, Reason: err.Error()}, nil
	}
	if err != nil {
		return ReadResult{}, err
	}
	return j.clients[i].Read(ctx, req, emit)
}

// Get is part of [Client].
func (j *joined) Get(ctx context.Context, req GetRequest) (Resource, error) {
	i, err := j.owner(ctx, "get", req.Kind)
	if err != nil {
		return Resource{}, err
	}
	return j.clients[i].Get(ctx, req)
}

// Apply is part of [Client].
func (j *joined) Apply(ctx context.Context, op Operation) (Applied, error) {
	i, err := j.owner(ctx, string(op.Verb), op.Kind)
	if err != nil {
		return Applied{}, err
	}
	return j.clients[i].Apply(ctx, op)
}

// Guard is part of [Guard].
func (j *joined) Guard(ctx context.Context, req GuardRequest) ([]Violation, error) {
	var all []Violation
	for _, c := range j.clients {
		g, ok := c.(Guard)
		if !ok {
			continue
		}
		found, err := g.Guard(ctx, req)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// Confirm is part of [Confirmer].
func (j *joined) Confirm(ctx context.Context, req ConfirmRequest) ([]Violation, error) {
	var all []Violation
	for _, c := range j.clients {
		asks, ok := c.(Confirmer)
		if !ok {
			continue
		}
		said, err := asks.Confirm(ctx, req)
		if err != nil {
			return nil, err
		}
		all = append(all, said...)
	}
	return all, ctx.Err()
}

// Deleted is part of [Restorer]. The service keeps nothing of a kind whose client is no
// Restorer.
func (j *joined) Deleted(ctx context.Context, req DeletedRequest) (Deleted, error) {
	i, err := j.owner(ctx, "deleted", req.Kind)
	if err != nil {
		return Deleted{}, err
	}
	if r, ok := j.clients[i].(Restorer); ok {
		return r.Deleted(ctx, req)
	}
	return Deleted{}, nil
}

// ReadApproval is part of [ApprovalReader]. The first client that knows the request
// answers.
func (j *joined) ReadApproval(ctx context.Context, code string) (ApprovalRequest, error) {
	for _, c := range j.clients {
		r, ok := c.(ApprovalReader)
		if !ok {
			continue
		}
		answer, err := r.ReadApproval(ctx, code)
		if ClassOf(err) != NotFound {
			return answer, err
		}
	}
	return ApprovalRequest{}, cmp.Or(ctx.Err(), error(&Error{Class: NotFound, Op: "approval", Message: "no joined client knows the request"}))
}
