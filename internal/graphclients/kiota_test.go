package graphclients_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kiota "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	kiotahttp "github.com/microsoft/kiota-http-go"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// group is a model as Kiota generates them.
type group struct {
	id, displayName, description *string
}

func newGroup(serialization.ParseNode) (serialization.Parsable, error) { return new(group), nil }

func (g *group) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	text := func(into **string) func(serialization.ParseNode) error {
		return func(n serialization.ParseNode) (err error) {
			*into, err = n.GetStringValue()
			return err
		}
	}
	return map[string]func(serialization.ParseNode) error{"id": text(&g.id), "displayName": text(&g.displayName), "description": text(&g.description)}
}

func (g *group) Serialize(w serialization.SerializationWriter) error {
	err := errors.Join(w.WriteStringValue("displayName", g.displayName), w.WriteStringValue("description", g.description))
	if g.displayName != nil { // a new one
		no, yes := false, true
		err = errors.Join(err, w.WriteStringValue("mailNickname", g.displayName), w.WriteBoolValue("mailEnabled", &no), w.WriteBoolValue("securityEnabled", &yes))
	}
	return err
}

// groups is a page of them.
type groups struct {
	value []*group
	next  *string
	count *int64
}

func newGroups(serialization.ParseNode) (serialization.Parsable, error) { return new(groups), nil }

func (p *groups) GetFieldDeserializers() map[string]func(serialization.ParseNode) error {
	return map[string]func(serialization.ParseNode) error{
		"value": func(n serialization.ParseNode) error {
			all, err := n.GetCollectionOfObjectValues(newGroup)
			for _, g := range all {
				p.value = append(p.value, g.(*group))
			}
			return err
		},
		"@odata.nextLink": func(n serialization.ParseNode) (err error) { p.next, err = n.GetStringValue(); return err },
		"@odata.count":    func(n serialization.ParseNode) (err error) { p.count, err = n.GetInt64Value(); return err },
	}
}

func (p *groups) Serialize(serialization.SerializationWriter) error { return nil }

func (p *groups) names() (out []string) {
	for _, g := range p.value {
		out = append(out, *g.displayName)
	}
	return out
}

// query has the names that Kiota generates: "$" is encoded in templates, and decoded
// before a request is sent.
type query struct {
	Filter  *string  `uriparametername:"%24filter"`
	Select  []string `uriparametername:"%24select"`
	Orderby []string `uriparametername:"%24orderby"`
	Top     *int32   `uriparametername:"%24top"`
	Count   *bool    `uriparametername:"%24count"`
}

const listTemplate = "{+baseurl}/groups{?%24count,%24filter,%24orderby,%24select,%24top}"

// kiotaClient is an adapter with the middlewares that SDKs have. encodings are the
// Content-Encodings of the requests that it sends.
type kiotaClient struct {
	*kiotahttp.NetHttpRequestAdapter
	encodings *[]string
}

type recorded struct {
	http.RoundTripper
	encodings *[]string
}

func (r recorded) RoundTrip(req *http.Request) (*http.Response, error) {
	*r.encodings = append(*r.encodings, req.Header.Get("Content-Encoding"))
	return r.RoundTripper.RoundTrip(req)
}

func newKiota(t *testing.T, s *graphtest.Server) kiotaClient {
	t.Helper()
	encodings := new([]string)
	client := &http.Client{Transport: kiotahttp.NewCustomTransportWithParentTransport(recorded{s.HTTPClient().Transport, encodings}, kiotahttp.GetDefaultMiddlewares()...)}
	parsers, writers := serialization.NewParseNodeFactoryRegistry(), serialization.NewSerializationWriterFactoryRegistry()
	parsers.ContentTypeAssociatedFactories["application/json"] = kiotajson.NewJsonParseNodeFactory()
	writers.ContentTypeAssociatedFactories["application/json"] = kiotajson.NewJsonSerializationWriterFactory()
	adapter, err := kiotahttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(new(authentication.AnonymousAuthenticationProvider), parsers, writers, client)
	if err != nil {
		t.Fatal(err)
	}
	adapter.SetBaseUrl(s.URL() + "/v1.0")
	return kiotaClient{adapter, encodings}
}

func (k kiotaClient) request(method kiota.HttpMethod, template string, path map[string]string, q *query) *kiota.RequestInformation {
	r := kiota.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, template, path)
	r.Headers.Add("Authorization", "Bearer anything")
	r.Headers.Add("Accept", "application/json")
	if q != nil {
		r.AddQueryParameters(*q)
	}
	return r
}

func (k kiotaClient) list(ctx context.Context, q *query, header ...string) (*groups, error) {
	r := k.request(kiota.GET, listTemplate, map[string]string{"baseurl": k.GetBaseUrl()}, q)
	for i := 0; i < len(header); i += 2 {
		r.Headers.Add(header[i], header[i+1])
	}
	page, err := k.Send(ctx, r, newGroups, nil)
	if err != nil {
		return nil, err
	}
	return page.(*groups), nil
}

func status(err error) int {
	var failed *kiota.ApiError
	if !errors.As(err, &failed) {
		return 0
	}
	return failed.ResponseStatusCode
}

func pointer[T any](v T) *T { return &v }

// Kiota for Go, of which Microsoft's SDKs are made, reads, writes and pages. It
// compresses every body.
func TestKiota(t *testing.T) {
	s, _, _ := seeded(t)
	k := newKiota(t, s)
	ctx := t.Context()
	path := func(id string) map[string]string { return map[string]string{"baseurl": k.GetBaseUrl(), "id": id} }

	create := k.request(kiota.POST, listTemplate, map[string]string{"baseurl": k.GetBaseUrl()}, nil)
	if err := create.SetContentFromParsable(ctx, k, "application/json", &group{displayName: pointer("Made"), description: pointer("d")}); err != nil {
		t.Fatal(err)
	}
	made, err := k.Send(ctx, create, newGroup, nil)
	if err != nil {
		t.Fatal(err)
	}
	id := *made.(*group).id
	if last := (*k.encodings)[len(*k.encodings)-1]; last != "gzip" {
		t.Errorf("the body was sent with the encoding %q: is it still compressed?", last)
	}
	update := k.request(kiota.PATCH, "{+baseurl}/groups/{id}", path(id), nil)
	if err := update.SetContentFromParsable(ctx, k, "application/json", &group{description: pointer("changed")}); err != nil {
		t.Fatal(err)
	}
	if err := k.SendNoContent(ctx, update, nil); err != nil {
		t.Fatal(err)
	}
	if now := string(s.Fake.Object("groups", id)); !strings.Contains(now, `"changed"`) || !strings.Contains(now, `"Made"`) {
		t.Errorf("the group is %s", now)
	}

	page, err := k.list(ctx, &query{Filter: pointer("displayName eq 'Research and Development' or displayName eq 'O''Neil'"), Select: []string{"id", "displayName"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Research and Development", "O'Neil"}, page.names()); diff != "" {
		t.Error(diff)
	}
	page, err = k.list(ctx, &query{Filter: pointer("not(startswith(displayName,'Group'))"), Count: pointer(true), Orderby: []string{"displayName desc"}}, "ConsistencyLevel", "eventual")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Research and Development", "O'Neil", "Made"}, page.names()); diff != "" || *page.count != 3 {
		t.Errorf("%d are counted: %s", *page.count, diff)
	}
	var all []string
	for page, err = k.list(ctx, &query{Top: pointer(int32(4))}); ; {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.names()...)
		if page.next == nil {
			break
		}
		var next serialization.Parsable
		if next, err = k.Send(ctx, k.request(kiota.GET, *page.next, map[string]string{}, nil), newGroups, nil); err == nil {
			page = next.(*groups)
		}
	}
	if slices.Sort(all); len(all) != 9 || len(slices.Compact(all)) != 9 {
		t.Errorf("%d groups are paged, want 9: %v", len(all), all)
	}

	if _, err := k.list(ctx, &query{Filter: pointer("displayName ne 'x'")}); status(err) != 400 {
		t.Errorf("a query that needs the advanced parameters: %v", err)
	}
	if err := k.SendNoContent(ctx, k.request(kiota.DELETE, "{+baseurl}/groups/{id}", path(id), nil), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := k.Send(ctx, k.request(kiota.GET, "{+baseurl}/groups/{id}", path(id), nil), newGroup, nil); status(err) != 404 {
		t.Errorf("the deleted group: %v", err)
	}
}
