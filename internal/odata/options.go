package odata

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Dialect says what a resource supports.
type Dialect struct {
	// Beta: names of options need no "$". query-parameters: "On the v1 endpoint,
	// the $ prefix is optional for only a subset of APIs", which the page does not
	// name; so it is needed there.
	Beta bool
	// Directory: the objects derive from directoryObject, and some queries need
	// the advanced parameters. See aad-advanced-queries.
	Directory bool
	// Eventual: the header ConsistencyLevel is "eventual".
	Eventual bool
	// Collection: the answer is a collection, and not one object.
	Collection bool
	// Sortable are the properties that a directory's collection is sorted by
	// without advanced parameters.
	Sortable []string
	// Expandable are the navigation properties.
	Expandable []string
}

// Options are the query options of a request.
type Options struct {
	Filter  *Filter
	Search  *Search
	OrderBy []Order
	Select  []string
	Expand  []Expansion
	// Count: the answer has @odata.count.
	Count bool
	// Top is the size of a page; 0 if none is given.
	Top int
	// Skip is the number of objects that are left out at the beginning.
	Skip int
	// Token is the skip token of a page; "" asks for the first page.
	Token string
}

// Order is a property that a collection is sorted by.
type Order struct {
	path path
	Desc bool
}

// Expansion is a navigation property that is shown, and its selected properties.
type Expansion struct {
	Name   string
	Select []string
}

// names are the options, in lower case. See query-parameters.
var names = []string{"$filter", "$search", "$orderby", "$select", "$expand", "$count", "$top", "$skip", "$skiptoken", "$format"}

// ParseOptions reads the query of an address. The error is an [*Error].
func ParseOptions(query string, d Dialect) (*Options, error) {
	o := new(Options)
	given := map[string]string{}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, errName := url.QueryUnescape(name)
		value, errValue := url.QueryUnescape(value)
		if errName != nil || errValue != nil {
			return nil, badRequest("The query '%s' is not encoded as RFC 3986 has it.", pair)
		}
		option := strings.ToLower(name)
		if d.Beta && !strings.HasPrefix(option, "$") {
			option = "$" + option
		}
		if !slices.Contains(names, option) {
			return nil, badRequest("The query specified in the URI is not valid. The query parameter '%s' is not supported.", name)
		}
		if _, twice := given[option]; twice {
			return nil, badRequest("Query option '%s' was specified more than once, but it must be specified at most once.", option)
		}
		given[option] = value
	}
	for _, name := range names { // in one order, so that one error is told
		value, ok := given[name]
		if !ok {
			continue
		}
		if err := o.set(name, value, d); err != nil {
			return nil, err
		}
	}
	if d.Directory {
		return o, o.checkDirectory(d)
	}
	return o, nil
}

// set reads one option.
func (o *Options) set(name, value string, d Dialect) (err error) {
	if !d.Collection && !slices.Contains([]string{"$select", "$expand", "$format"}, name) {
		return badRequest("The query specified in the URI is not valid. Query options %s can be applied only to collections.", name)
	}
	switch name {
	case "$filter":
		o.Filter, err = ParseFilter(value)
	case "$search":
		if !d.Directory { // its syntax varies: search-query-parameter
			return badRequest("The query specified in the URI is not valid. The query parameter '$search' is not supported.")
		}
		o.Search, err = ParseSearch(value)
	case "$orderby":
		o.OrderBy, err = parseOrder(value)
	case "$select":
		o.Select, err = parseNames("$select", value)
	case "$expand":
		o.Expand, err = parseExpand(value, d)
	case "$count":
		o.Count, err = strconv.ParseBool(value)
		if err != nil {
			err = badRequest("Invalid value '%s' for $count query option found.", value)
		}
	case "$top":
		// query-parameters: "The minimum value of $top is 1".
		o.Top, err = number(name, value, 1)
		if d.Directory && o.Top > maxDirectoryTop {
			err = unsupported("Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", value, maxDirectoryTop)
		}
	case "$skip":
		o.Skip, err = number(name, value, 0)
	case "$skiptoken":
		o.Token = value
		if value == "" {
			err = badRequest("Skip token is null or empty.")
		}
	case "$format":
		if !strings.EqualFold(value, "json") && !strings.HasPrefix(strings.ToLower(value), "application/json") {
			err = badRequest("The $format '%s' is not supported.", value)
		}
	}
	return err
}

// maxDirectoryTop is in api/group-list, "Optional query parameters": "The default
// and maximum page sizes are 100 and 999".
const maxDirectoryTop = 999

func number(name, value string, least int) (int, error) {
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil || int(n) < least {
		return 0, badRequest("Invalid value '%s' for %s query option found. The %s query option requires an integer of at least %d.", value, name, name, least)
	}
	return int(n), nil
}

// parseNames reads names that commas separate.
func parseNames(option, value string) ([]string, error) {
	var out []string
	for name := range strings.SplitSeq(value, ",") {
		name = strings.TrimSpace(name)
		if name != "*" && (name == "" || isName.FindString(name) != name) {
			return nil, badRequest("Parsing OData Select and Expand failed: Term '%s' is not valid in a %s expression.", name, option)
		}
		out = append(out, name)
	}
	return out, nil
}

func parseOrder(value string) ([]Order, error) {
	var out []Order
	for clause := range strings.SplitSeq(value, ",") {
		words := strings.Fields(clause)
		if len(words) == 0 || len(words) > 2 || len(words) == 2 && !strings.EqualFold(words[1], "asc") && !strings.EqualFold(words[1], "desc") {
			return nil, badRequest("Invalid orderby clause: '%s'.", clause)
		}
		p := path{names: strings.Split(words[0], "/")}
		for _, name := range p.names {
			if isName.FindString(name) != name || name == "" {
				return nil, badRequest("Invalid orderby clause: '%s'.", clause)
			}
		}
		out = append(out, Order{path: p, Desc: len(words) == 2 && strings.EqualFold(words[1], "desc")})
	}
	return out, nil
}

// parseExpand reads "name($select=a,b),name".
func parseExpand(value string, d Dialect) ([]Expansion, error) {
	terms, err := splitTerms(value)
	if err != nil {
		return nil, err
	}
	if d.Directory && len(terms) > 1 { // query-parameters: "Only one relationship"
		return nil, unsupported("The request expands %d relationships: one can be expanded in a single request.", len(terms))
	}
	var out []Expansion
	for _, term := range terms {
		name, inner, nested := strings.Cut(term, "(")
		if !slices.Contains(d.Expandable, name) {
			return nil, badRequest("Parsing OData Select and Expand failed: Could not find a property named '%s' that can be expanded.", name)
		}
		e := Expansion{Name: name}
		if nested {
			names, ok := strings.CutPrefix(strings.TrimSuffix(inner, ")"), "$select=")
			if !ok {
				return nil, badRequest("Parsing OData Select and Expand failed: Term '(%s' is not valid in a $select or $expand expression.", inner)
			}
			if e.Select, err = parseNames("$select", names); err != nil {
				return nil, err
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// splitTerms splits at commas outside of parentheses.
func splitTerms(value string) ([]string, error) {
	var out []string
	depth, from := 0, 0
	for i, r := range value + "," {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			out = append(out, strings.TrimSpace(value[from:i]))
			from = i + 1
		}
		if depth < 0 || depth > 1 {
			return nil, badRequest("Parsing OData Select and Expand failed: '%s' nests more than one level, or closes what is not open.", value)
		}
	}
	if depth != 0 {
		return nil, badRequest("Parsing OData Select and Expand failed: Found an unbalanced bracket expression.")
	}
	return out, nil
}
