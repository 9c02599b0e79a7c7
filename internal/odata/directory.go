package odata

import (
	"slices"
	"strings"
)

// checkDirectory refuses queries of directory objects that lack the advanced
// parameters, and queries that no parameters make work. The rules and the codes are
// those of aad-advanced-queries.
func (o *Options) checkDirectory(d Dialect) error {
	if o.Skip > 0 { // api/group-list: "$skip isn't supported"
		return &Error{DirectoryRequest, "'$skip' is not supported by the service."}
	}
	if o.Search != nil && !d.Eventual {
		return unsupported("Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'")
	}
	if !d.Eventual {
		defer func() { o.Count = false }() // "silently ignores the $count query parameter"
	}
	advanced := d.Eventual && (o.Count || o.Search != nil)
	if advanced && len(o.Expand) > 0 {
		return unsupported("$expand is not supported with advanced queries.")
	}
	if f := o.Filter; f != nil {
		if err := f.checkDirectory(advanced); err != nil {
			return err
		}
		if len(o.OrderBy) > 0 && !advanced {
			return unsupported("Sorting not supported for current query: $filter and $orderby in one query need $count=true and the header ConsistencyLevel: eventual.")
		}
	}
	for _, order := range o.OrderBy {
		name := order.path.String()
		if slices.Contains(d.Sortable, name) || advanced && slices.Contains(sortable, name) {
			continue
		}
		return unsupported("Sorting by '%s' is not supported for current query.", name)
	}
	return nil
}

// sortable are the properties that can be sorted by with the advanced parameters.
var sortable = []string{"createdDateTime", "deletedDateTime", "displayName", "userPrincipalName"}

// endsWith are the properties that support endsWith.
var endsWith = []string{"mail", "otherMails", "userPrincipalName", "proxyAddresses"}

func (f *Filter) checkDirectory(advanced bool) error {
	if f.Uses("contains", "has") { // in no column of the table
		return unsupported("Unsupported or invalid query filter clause: contains and has are not supported for directory objects.")
	}
	for _, operator := range []string{"ne", "not", "endswith", "$count"} {
		if f.Uses(operator) && !advanced {
			return unsupported("Operator '%s' is not supported because the required parameters might be missing. Try adding $count=true query parameter and ConsistencyLevel:eventual header.", operator)
		}
	}
	if !f.Uses("endswith") {
		return nil
	}
	for _, p := range f.ended() {
		if !slices.Contains(endsWith, p) {
			return unsupported("Unsupported or invalid query filter clause specified for property '%s'.", p)
		}
	}
	return nil
}

// ended returns the properties that the filter compares by endsWith.
func (f *Filter) ended() []string {
	var out []string
	var walk func(e expression, variables map[string]string)
	walk = func(e expression, variables map[string]string) {
		switch e := e.(type) {
		case junction:
			for _, one := range e.all {
				walk(one, variables)
			}
		case negation:
			walk(e.of, variables)
		case anyOf:
			below := map[string]string{e.variable: strings.Join(e.of.names, "/")}
			for name, p := range variables {
				below[name] = p
			}
			if e.each != nil {
				walk(e.each, below)
			}
		case call:
			if e.name != "endswith" {
				return
			}
			name := e.of.String()
			if e.of.variable != "" {
				name = strings.TrimSuffix(variables[e.of.variable]+"/"+strings.Join(e.of.names, "/"), "/")
			}
			out = append(out, name)
		}
	}
	walk(f.root, nil)
	return out
}
