package syncer_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// moved is a setting: objects of a kind that have a property belong to another kind,
// as a newer catalogue may say. It is written FROM:TO:PROPERTY=VALUE.
func (w *world) moved(c script.Command, v string) func(*syncer.Config) {
	from, rest, _ := strings.Cut(v, ":")
	to, property, _ := strings.Cut(rest, ":")
	name, value, ok := strings.Cut(property, "=")
	if !ok {
		w.t.Fatalf("%s: %q is not FROM:TO:PROPERTY=VALUE", c.Pos, v)
	}
	limit := tenant.Limit{When: tenant.Condition{Path: "/" + name, Equals: json.RawMessage(`"` + value + `"`)}, Kind: to,
		Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, Reason: "such objects belong to the kind " + to + ": move the file there"}
	return func(conf *syncer.Config) { conf.Connector = movedConnector{conf.Connector, from, limit} }
}

type movedConnector struct {
	syncer.Connector
	from  string
	limit tenant.Limit
}

func (c movedConnector) Connect(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	client, err := c.Connector.Connect(ctx, req)
	return movedClient{client, c}, err
}

// movedClient reads the objects that have moved as those of the other kind.
type movedClient struct {
	tenant.Client
	movedConnector
}

func (c movedClient) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	kinds, err := c.Client.Kinds(ctx)
	kinds = slices.Clone(kinds)
	for i, k := range kinds {
		if k.Name == c.from {
			kinds[i].Limits = append(slices.Clone(k.Limits), c.limit)
		}
	}
	return kinds, err
}

func (c movedClient) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	var gone []string
	res, err := c.Client.Read(ctx, req, func(r tenant.Resource) error {
		if r.Kind == c.from && schema.Meets(c.limit.When, r.Body) {
			if slices.Contains(req.IDs, r.ID) {
				gone = append(gone, r.ID)
			}
			return nil
		}
		return emit(r)
	})
	res.Absent = append(res.Absent, gone...)
	if err != nil || req.Kind != c.limit.Kind {
		return res, err
	}
	req.Kind = c.from
	_, err = c.Client.Read(ctx, req, func(r tenant.Resource) error {
		if !schema.Meets(c.limit.When, r.Body) {
			return nil
		}
		r.Kind = c.limit.Kind
		return emit(r)
	})
	return res, err
}

func (c movedClient) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	r, err := c.Client.Get(ctx, req)
	if err == nil && r.Kind == c.from && schema.Meets(c.limit.When, r.Body) {
		return tenant.Resource{}, &tenant.Error{Class: tenant.NotFound, Op: "get", Kind: req.Kind, ID: req.ID}
	}
	if req.Kind != c.limit.Kind || tenant.ClassOf(err) != tenant.NotFound {
		return r, err
	}
	req.Kind = c.from
	r, err = c.Client.Get(ctx, req)
	r.Kind = c.limit.Kind
	return r, err
}
