package odata

import (
	"slices"
	"strings"
)

// Filter is a parsed $filter. See filter-query-parameter.
type Filter struct {
	root expression
	// Operators are the operators and functions that the filter uses: "ne", "not",
	// "endswith", "$count" and so on, each once, in lower case.
	Operators []string
	// Paths are the properties that the filter names, as they are written. Properties
	// of the elements of collections are left out.
	Paths []string
}

// Uses reports whether the filter has one of the operators.
func (f *Filter) Uses(operators ...string) bool {
	return slices.ContainsFunc(operators, func(o string) bool { return slices.Contains(f.Operators, o) })
}

// maxDepth bounds parentheses, negations and lambdas within one another.
const maxDepth = 50

// ParseFilter reads a filter. The error is an [*Error].
func ParseFilter(text string) (*Filter, error) {
	all, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: all, filter: new(Filter)}
	if p.filter.root, err = p.or(0); err != nil {
		return nil, err
	}
	if t := p.tokens[0]; t.kind != endToken {
		return nil, p.unexpected("an operator or the end")
	}
	return p.filter, nil
}

// parser holds the tokens that are not read yet.
type parser struct {
	tokens []token
	filter *Filter
	// variables are the variables of the enclosing lambdas.
	variables []string
}

func (p *parser) unexpected(want string) error {
	t := p.tokens[0]
	what := string(t.kind)
	switch t.kind {
	case nameToken, markToken:
		what = "'" + t.text + "'"
	case literalToken:
		what = string(t.value.typ)
	}
	return badRequest("Invalid filter clause: %s was found at position %d where %s was expected.", what, t.at, want)
}

// word takes the next token if it is this word, in any case: the documentation
// has "and" and "AND", "not" and "NOT".
func (p *parser) word(w string) bool {
	if t := p.tokens[0]; t.kind != nameToken || !strings.EqualFold(t.text, w) {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) mark(m string) bool {
	if t := p.tokens[0]; t.kind != markToken || t.text != m {
		return false
	}
	p.tokens = p.tokens[1:]
	return true
}

func (p *parser) need(m string) error {
	if !p.mark(m) {
		return p.unexpected("'" + m + "'")
	}
	return nil
}

func (p *parser) uses(operator string) {
	if !slices.Contains(p.filter.Operators, operator) {
		p.filter.Operators = append(p.filter.Operators, operator)
	}
}

func (p *parser) or(depth int) (expression, error) {
	return p.series("or", depth, p.and)
}

func (p *parser) and(depth int) (expression, error) {
	return p.series("and", depth, p.unary)
}

// series reads one or more expressions that the word joins.
func (p *parser) series(word string, depth int, each func(int) (expression, error)) (expression, error) {
	first, err := each(depth)
	if err != nil {
		return nil, err
	}
	all := []expression{first}
	for p.word(word) {
		p.uses(word)
		one, err := each(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	if len(all) == 1 {
		return first, nil
	}
	return junction{all: all, or: word == "or"}, nil
}

func (p *parser) unary(depth int) (expression, error) {
	if depth >= maxDepth {
		return nil, badRequest("The node count limit of '%d' has been exceeded.", maxDepth)
	}
	if p.word("not") {
		p.uses("not")
		// "not" binds closer than "eq": it negates parentheses, a function or a
		// lambda.
		one, err := p.unary(depth + 1)
		if c, ok := one.(comparison); err == nil && ok && !c.closed {
			err = badRequest("A unary operator with an incompatible type was detected. Found operand type 'Edm.String' for operator kind 'Not'.")
		}
		return negation{one}, err
	}
	if p.mark("(") {
		one, err := p.or(depth + 1)
		if err == nil {
			err = p.need(")")
		}
		if c, ok := one.(comparison); ok {
			c.closed = true
			one = c
		}
		return one, err
	}
	return p.comparison(depth)
}

// comparison reads a function, a lambda, or a property with an operator and a
// literal.
func (p *parser) comparison(depth int) (expression, error) {
	if t := p.tokens[0]; t.kind == nameToken && p.tokens[1].kind == markToken && p.tokens[1].text == "(" {
		p.tokens = p.tokens[2:]
		return p.function(strings.ToLower(t.text))
	}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	switch last := strings.ToLower(path.last()); last {
	case "any", "all":
		if p.mark("(") {
			return p.lambda(path.above(), last, depth)
		}
	case "$count":
		return p.count(path.above())
	}
	operator := p.tokens[0]
	if operator.kind != nameToken {
		return nil, p.unexpected("an operator")
	}
	switch word := strings.ToLower(operator.text); word {
	case "in":
		p.tokens = p.tokens[1:]
		p.uses(word)
		return p.members(path)
	case "eq", "ne", "gt", "ge", "lt", "le", "has":
		p.tokens = p.tokens[1:]
		p.uses(word)
		value, err := p.literal()
		return comparison{path: path, operator: word, value: value}, err
	}
	return nil, p.unexpected("one of eq, ne, gt, ge, lt, le, in and has")
}

func (p *parser) literal() (literal, error) {
	t := p.tokens[0]
	if t.kind != literalToken {
		return literal{}, p.unexpected("a literal")
	}
	p.tokens = p.tokens[1:]
	return t.value, nil
}

// members reads the list of "in". aad-advanced-queries: null may be among them.
func (p *parser) members(of path) (expression, error) {
	if err := p.need("("); err != nil {
		return nil, err
	}
	var all []expression
	for {
		value, err := p.literal()
		if err != nil {
			return nil, err
		}
		all = append(all, comparison{path: of, operator: "eq", value: value})
		if p.mark(")") {
			return junction{all: all, or: true}, nil
		}
		if err := p.need(","); err != nil {
			return nil, err
		}
	}
}

// functions are the functions of filter-query-parameter, in lower case. The pages
// also write them with capitals.
var functions = []string{"startswith", "endswith", "contains"}

func (p *parser) function(name string) (expression, error) {
	if !slices.Contains(functions, name) {
		return nil, badRequest("An unknown function with name '%s' was found.", name)
	}
	p.uses(name)
	of, err := p.path()
	if err == nil {
		err = p.need(",")
	}
	if err != nil {
		return nil, err
	}
	value, err := p.literal()
	if err == nil && value.typ != stringType {
		err = badRequest("No function signature for the function with name '%s' matches the specified arguments.", name)
	}
	if err == nil {
		err = p.need(")")
	}
	return call{of, name, value.text}, err
}

// lambda reads "any(x:…)". filter-query-parameter: "all … isn't supported in
// Microsoft Graph".
func (p *parser) lambda(of path, operator string, depth int) (expression, error) {
	if operator == "all" {
		return nil, unsupported("The operator 'all' is not supported.")
	}
	if len(of.names) == 0 && of.variable == "" {
		return nil, p.unexpected("a collection")
	}
	p.uses(operator)
	if p.mark(")") {
		return anyOf{of: of}, nil
	}
	variable := p.tokens[0]
	if variable.kind != nameToken || strings.ContainsAny(variable.text, ".$") {
		return nil, p.unexpected("a variable")
	}
	p.tokens = p.tokens[1:]
	if err := p.need(":"); err != nil {
		return nil, err
	}
	p.variables = append(p.variables, variable.text)
	each, err := p.or(depth + 1)
	p.variables = p.variables[:len(p.variables)-1]
	if err == nil {
		err = p.need(")")
	}
	return anyOf{of, variable.text, each}, err
}

// count reads the comparison behind "collection/$count". aad-advanced-queries names
// "eq" and "ne" with 0 and 1, and no others.
func (p *parser) count(of path) (expression, error) {
	p.uses("$count")
	negated := p.word("ne")
	if !negated && !p.word("eq") {
		return nil, p.unexpected("eq or ne")
	}
	value, err := p.literal()
	if err != nil {
		return nil, err
	}
	if value.typ != numberType || value.text != "0" && value.text != "1" {
		return nil, unsupported("$count is supported with 0 and 1 only.")
	}
	return countIs{of, int(value.text[0] - '0'), negated}, nil
}

// path reads a property, and properties below it.
func (p *parser) path() (path, error) {
	var out path
	var names []string
	for {
		t := p.tokens[0]
		if t.kind != nameToken || len(names) > 0 && !t.joined {
			return out, p.unexpected("a property")
		}
		p.tokens = p.tokens[1:]
		names = append(names, t.text)
		if m := p.tokens[0]; m.kind != markToken || m.text != "/" || !m.joined {
			break
		}
		p.tokens = p.tokens[1:]
	}
	if slices.Contains(p.variables, names[0]) {
		return path{variable: names[0], names: names[1:]}, nil
	}
	out.names = names
	p.filter.Paths = append(p.filter.Paths, out.property())
	return out, nil
}
