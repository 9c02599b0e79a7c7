package odata_test

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/odata"
)

var (
	intune    = odata.Dialect{Collection: true, Expandable: []string{"assignments", "settings"}}
	beta      = odata.Dialect{Collection: true, Beta: true}
	object    = odata.Dialect{Expandable: []string{"assignments"}}
	directory = odata.Dialect{Collection: true, Directory: true, Sortable: []string{"displayName"}, Expandable: []string{"members", "owners"}}
	eventual  = odata.Dialect{Collection: true, Directory: true, Eventual: true, Sortable: []string{"displayName"}, Expandable: []string{"members"}}
)

// Options are read by their names with "$", in any case, and at beta without it.
func TestOptions(t *testing.T) {
	o, err := odata.ParseOptions("$select=id,displayName&$top=5&%24skip=2&$skipToken=t&$expand=assignments($select=id,target),settings&$count=true&$orderBy=a desc,b/c&$filter=x+eq+'a%26b'&$format=json", intune)
	if err != nil {
		t.Fatal(err)
	}
	want := &odata.Options{Select: []string{"id", "displayName"}, Top: 5, Skip: 2, Token: "t", Count: true,
		Expand: []odata.Expansion{{Name: "assignments", Select: []string{"id", "target"}}, {Name: "settings"}}}
	o2 := *o
	o2.Filter, o2.OrderBy = nil, nil
	if diff := cmp.Diff(want, &o2); diff != "" || len(o.OrderBy) != 2 || !o.OrderBy[0].Desc || o.OrderBy[1].Desc {
		t.Errorf("%v (-want +got):\n%s", o.OrderBy, diff)
	}
	if ok, err := o.Keep(map[string]any{"x": "A&B"}); !ok || err != nil {
		t.Errorf("the filter does not find it: %v", err)
	}
	if o, err := odata.ParseOptions("filter=x eq 1&select=*", beta); err != nil || o.Filter == nil {
		t.Errorf("at beta without $: %v", err)
	}
	if o, err := odata.ParseOptions("", intune); err != nil || o.Filter != nil {
		t.Errorf("no query: %v", err)
	} else if ok, err := o.Keep(map[string]any{"x": "y"}); !ok || err != nil {
		t.Errorf("no query leaves out an object: %v", err)
	}
	if o, err := odata.ParseOptions("$search=\"displayName:a\"&$filter=x eq 1", eventual); err != nil {
		t.Error(err)
	} else {
		for text, want := range map[string]bool{`{"displayName":"A","x":1}`: true, `{"displayName":"A","x":2}`: false, `{"displayName":"B","x":1}`: false} {
			if ok, err := o.Keep(decode(t, text)); ok != want || err != nil {
				t.Errorf("a search and a filter keep %s: %v, %v", text, ok, err)
			}
		}
	}
}

// Each query that is refused, with its code.
func TestOptionsAreRefused(t *testing.T) {
	tests := []struct {
		d           odata.Dialect
		query, code string
		words       string
	}{
		{intune, "$foo=1", odata.BadRequest, "'$foo' is not supported"},
		{intune, "filter=x eq 1", odata.BadRequest, "'filter' is not supported"},
		{beta, "api-version=1", odata.BadRequest, "not supported"},
		{intune, "$deltatoken=1", odata.BadRequest, "not supported"},
		{intune, "$top=1&$top=2", odata.BadRequest, "more than once"},
		{beta, "$top=1&top=2", odata.BadRequest, "more than once"},
		{intune, "$filter=%zz", odata.BadRequest, "encoded"},
		{intune, "$filter", odata.BadRequest, "a property"},
		{intune, "$search=\"a:b\"", odata.BadRequest, "not supported"},
		{intune, "$top=0", odata.BadRequest, "at least 1"},
		{intune, "$top=-1", odata.BadRequest, "at least 1"},
		{intune, "$top=x", odata.BadRequest, "integer"},
		{intune, "$top=99999999999", odata.BadRequest, "integer"},
		{intune, "$skip=-1", odata.BadRequest, "at least 0"},
		{intune, "$skiptoken=", odata.BadRequest, "empty"},
		{intune, "$count=maybe", odata.BadRequest, "maybe"},
		{intune, "$format=atom", odata.BadRequest, "atom"},
		{intune, "$select=", odata.BadRequest, "$select"},
		{intune, "$select=a,,b", odata.BadRequest, "$select"},
		{intune, "$select=a/b", odata.BadRequest, "$select"},
		{intune, "$orderby=", odata.BadRequest, "orderby"},
		{intune, "$orderby=a up", odata.BadRequest, "orderby"},
		{intune, "$orderby=a asc b", odata.BadRequest, "orderby"},
		{intune, "$orderby=a//b", odata.BadRequest, "orderby"},
		{intune, "$expand=nothing", odata.BadRequest, "Could not find a property named 'nothing'"},
		{intune, "$expand=assignments(", odata.BadRequest, "unbalanced"},
		{intune, "$expand=assignments)", odata.BadRequest, "closes"},
		{intune, "$expand=assignments(select=id)", odata.BadRequest, "'(select=id)' is not valid"},
		{intune, "$expand=assignments($filter=id eq 'x')", odata.BadRequest, "not valid"},
		{intune, "$expand=assignments($expand=a($select=b))", odata.BadRequest, "one level"},
		{object, "$filter=x eq 1", odata.BadRequest, "only to collections"},
		{object, "$top=1", odata.BadRequest, "only to collections"},

		// aad-advanced-queries
		{directory, "$search=\"displayName:a\"", odata.UnsupportedQuery, "ConsistencyLevel"},
		{directory, "$filter=a ne 'b'", odata.UnsupportedQuery, "'ne'"},
		{directory, "$filter=a ne 'b'&$count=true", odata.UnsupportedQuery, "'ne'"},
		{eventual, "$filter=a ne 'b'", odata.UnsupportedQuery, "$count=true"},
		{directory, "$filter=not(a eq 'b')", odata.UnsupportedQuery, "'not'"},
		{directory, "$filter=endswith(mail,'b')", odata.UnsupportedQuery, "'endswith'"},
		{eventual, "$filter=endswith(displayName,'b')&$count=true", odata.UnsupportedQuery, "'displayName'"},
		{eventual, "$filter=otherMails/any(m:endswith(m,'b')) and groupTypes/any(m:endswith(m,'b'))&$count=true", odata.UnsupportedQuery, "'groupTypes'"},
		{directory, "$filter=a/$count eq 0", odata.UnsupportedQuery, "'$count'"},
		{eventual, "$filter=contains(displayName,'b')&$count=true", odata.UnsupportedQuery, "contains"},
		{directory, "$filter=a eq 'b'&$orderby=displayName", odata.UnsupportedQuery, "$filter and $orderby"},
		{directory, "$orderby=createdDateTime", odata.UnsupportedQuery, "createdDateTime"},
		{eventual, "$orderby=description&$count=true", odata.UnsupportedQuery, "description"},
		{eventual, "$expand=members&$count=true", odata.UnsupportedQuery, "$expand"},
		{directory, "$expand=members,owners", odata.UnsupportedQuery, "one"},
		{directory, "$skip=1", odata.DirectoryRequest, "'$skip'"},
		{directory, "$top=1000", odata.UnsupportedQuery, "999"},
	}
	for _, tt := range tests {
		_, err := odata.ParseOptions(tt.query, tt.d)
		refused := new(odata.Error)
		if !errors.As(err, &refused) || refused.Code != tt.code || !strings.Contains(refused.Message, tt.words) {
			t.Errorf("%s: %v, want %s with %q", tt.query, err, tt.code, tt.words)
		}
	}
}

// What directory objects support with the advanced parameters, or without them.
func TestAdvancedQueries(t *testing.T) {
	for query, d := range map[string]odata.Dialect{
		"$filter=a eq 'b'": directory, "$filter=startswith(a,'b') or a in ('c')": directory, "$orderby=displayName desc": directory, "$top=999": directory,
		"$skip=0":                      directory,
		"$search=\"displayName:a\"":    eventual,
		"$filter=a ne 'b'&$count=true": eventual,
		"$filter=not(a eq 'b')&$count=true&$orderby=createdDateTime":                                         eventual,
		"$filter=endsWith(mail,'b') or proxyAddresses/any(p:endsWith(p,'c'))&$count=true":                    eventual,
		"$filter=not(mail eq 'x' and otherMails/any(m:endswith(m,'b') and m ne 'c') or a/any())&$count=true": eventual,
		"$search=\"displayName:a\"&$filter=a ne 'b'":                                                         eventual,
		"$expand=members": eventual,
	} {
		if _, err := odata.ParseOptions(query, d); err != nil {
			t.Errorf("%s: %v", query, err)
		}
	}
	// "silently ignores the $count query parameter"
	if o, err := odata.ParseOptions("$count=true", directory); err != nil || o.Count {
		t.Errorf("without ConsistencyLevel: count %v, %v", o.Count, err)
	}
	if o, err := odata.ParseOptions("$count=true", eventual); err != nil || !o.Count {
		t.Errorf("with ConsistencyLevel: %v", err)
	}
}

// Texts are sorted without regard to case, numbers and truths by value, and null
// comes first. What is equal stays in its order.
func TestSort(t *testing.T) {
	all := []map[string]any{
		{"id": "1", "name": "b", "n": json.Number("10"), "on": true}, {"id": "2", "name": "A", "n": json.Number("9"), "on": false},
		{"id": "3"}, {"id": "4", "name": "a", "n": json.Number("9.5"), "on": false, "in": map[string]any{"x": "y"}},
	}
	for query, want := range map[string]string{
		"$orderby=name": "3 2 4 1", "$orderby=name desc": "1 2 4 3", "$orderby=n": "3 2 4 1", "$orderby=on,n desc": "3 4 2 1", "$orderby=on desc,name": "1 2 4 3", "$orderby=in/x desc": "4 1 2 3", "$orderby=in": "1 2 3 4",
	} {
		o, err := odata.ParseOptions(query, intune)
		if err != nil {
			t.Fatal(err)
		}
		sorted := append([]map[string]any(nil), all...)
		if err := o.Sort(sorted); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range sorted {
			got = append(got, one["id"].(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", query, got, want)
		}
	}
	o, err := odata.ParseOptions("$orderby=name/x", intune)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Sort([]map[string]any{{"name": "b"}, {"name": "a"}}); err == nil {
		t.Error("an order by what is below a text is carried out")
	}
}

func TestShown(t *testing.T) {
	whole := map[string]any{"@odata.type": "#t", "id": "1", "displayName": "A", "other": 1}
	if diff := cmp.Diff(map[string]any{"@odata.type": "#t", "displayName": "A", "missing": nil}, odata.Shown(whole, []string{"DisplayName", "missing"})); diff != "" {
		t.Error(diff)
	}
	for _, all := range [][]string{nil, {"id", "*"}} {
		if diff := cmp.Diff(whole, odata.Shown(whole, all)); diff != "" {
			t.Error(diff)
		}
	}
}

func FuzzOptions(f *testing.F) {
	f.Add("$select=a,b&$expand=assignments($select=c)&$orderby=d desc&$filter=e eq 'f'&$top=3", true)
	f.Fuzz(func(t *testing.T, query string, isBeta bool) {
		for _, d := range []odata.Dialect{intune, object, directory, eventual} {
			d.Beta = isBeta
			if o, err := odata.ParseOptions(query, d); err == nil && o == nil {
				t.Errorf("%q: no options and no error", query)
			} else if refused := new(odata.Error); err != nil && !errors.As(err, &refused) {
				t.Errorf("%q: %v is no refusal", query, err)
			}
		}
		// An option that nobody knows is never taken.
		if _, err := odata.ParseOptions("$unknown="+url.QueryEscape(query), intune); err == nil {
			t.Errorf("%q: an unknown option is taken", query)
		}
	})
}
