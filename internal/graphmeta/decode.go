package graphmeta

import (
	"fmt"
	"strings"
)

// The form of a table is text in lines, so that a review shows what changed in
// Graph. Columns are separated by one blank. The first character of a line says
// what it is:
//
//	#text                            a comment
//	/groups *group                   a root of the service: its type, "*" for a collection
//	+group directoryObject eo        a type: name, base ("-" for none), letters
//	 owners >*directoryObject? o     a property of the last type: name, value, letters
//	!assign assignments *x?          an action of the last type: name, then each parameter and its value
//	=riskLevel n low medium high     an enumeration: name, flags (y, n, u), members
//
// The first line is "graphmeta 1 VERSION". Letters of a type: e entity; a
// abstract, p probably, u unknown; o open, q unknown. A value is the type after
// ">" for navigation and "*" for a collection; Edm types are without "Edm.": see
// [EdmTypes]; "?" behind it means nullable, "~" unknown. Letters of a property: those of markLetters, in upper
// case if only v1.0's metadata has the mark in a table of beta. An action whose
// line begins with "!!" is known from v1.0 only.
const header = "graphmeta 1 "

// markLetters are the letters of the marks, from the lowest bit.
const markLetters = "crixoksd"

// The letters of a type. Without one of them the answer is No.
var (
	abstractLetters = map[byte]Answer{'a': Yes, 'p': Probably, 'u': Unknown}
	openLetters     = map[byte]Answer{'o': Yes, 'q': Unknown}
)

// Types of values that no source tells exactly: see [Property].
const (
	number  = "number"
	unknown = "unknown"
)

// Decode decodes a table. Types, properties, actions and enumerations are in
// order and there once; every base, and every type of a structural property, is
// in the table.
func Decode(table string) (*Model, error) {
	d := decoder{m: &Model{types: map[string]*Type{}, derived: map[string][]string{}, enums: map[string]Enum{}, roots: map[string]Target{}}}
	for line := range strings.Lines(table) {
		d.line++
		line, whole := strings.CutSuffix(line, "\n")
		err := error(nil)
		switch {
		case !whole:
			err = fmt.Errorf("the line does not end")
		case d.line == 1:
			err = d.first(line)
		default:
			err = d.next(line)
		}
		if err != nil {
			return nil, fmt.Errorf("graphmeta: line %d: %w", d.line, err)
		}
	}
	if d.line == 0 {
		return nil, fmt.Errorf("graphmeta: an empty table")
	}
	d.endType()
	if err := d.m.check(); err != nil {
		return nil, fmt.Errorf("graphmeta: %w", err)
	}
	return d.m, nil
}

type decoder struct {
	m    *Model
	line int
	typ  *Type      // the last one
	enum string     // the name of the last one
	own  []Property // of the last type; one array for all types
}

func (d *decoder) first(line string) error {
	version, ok := strings.CutPrefix(line, header)
	if !ok || version != V1Name && version != BetaName {
		return fmt.Errorf("%q is not %qVERSION", line, header)
	}
	d.m.Version = version
	return nil
}

func (d *decoder) next(line string) error {
	if line == "" {
		return fmt.Errorf("an empty line")
	}
	switch sort, rest := line[0], line[1:]; sort {
	case '#':
		return nil
	case '/':
		return d.root(rest)
	case '+':
		return d.newType(rest)
	case ' ':
		return d.property(rest)
	case '!':
		return d.action(rest)
	case '=':
		return d.newEnum(rest)
	}
	return fmt.Errorf("%q begins with none of # / + ! = and blank", line)
}

func (d *decoder) root(rest string) error {
	name, value, _ := strings.Cut(rest, " ")
	p, err := valueOf(value)
	if err != nil {
		return err
	}
	if _, twice := d.m.roots[name]; twice || name == "" || p.Navigation || p.Nullable != No {
		return fmt.Errorf("root %q", rest)
	}
	d.m.roots[name] = Target{Type: p.Type, Collection: p.Collection}
	return nil
}

func (d *decoder) newType(rest string) error {
	d.endType()
	name, rest, _ := strings.Cut(rest, " ")
	base, letters, ok := strings.Cut(rest, " ")
	t := &Type{Name: name, Base: base, Abstract: No, Open: No, model: d.m}
	if t.Base == "-" {
		t.Base = ""
	}
	if n := len(d.m.names); !ok || name == "" || base == "" || n > 0 && d.m.names[n-1] >= name {
		return fmt.Errorf("the type %q has no base or letters, or is not in order", name)
	}
	for _, letter := range []byte(letters) {
		abstract, isAbstract := abstractLetters[letter]
		open, isOpen := openLetters[letter]
		switch {
		case letter == 'c':
		case letter == 'e':
			t.Entity = true
		case isAbstract && t.Abstract == No:
			t.Abstract = abstract
		case isOpen && t.Open == No:
			t.Open = open
		default:
			return fmt.Errorf("the type %s has the letter %q, or two that contradict each other", name, letter)
		}
	}
	d.m.types[name], d.typ = t, t
	d.m.names = append(d.m.names, name)
	if t.Base != "" {
		d.m.derived[t.Base] = append(d.m.derived[t.Base], name)
	}
	return nil
}

// endType gives the last type its properties.
func (d *decoder) endType() {
	if d.typ != nil {
		d.typ.Own = d.own[:len(d.own):len(d.own)]
		d.own = d.own[len(d.own):]
	}
	d.typ = nil
}

func (d *decoder) property(rest string) error {
	if d.typ == nil || len(d.typ.Actions) > 0 {
		return fmt.Errorf("a property %q outside the properties of a type", rest)
	}
	name, rest, _ := strings.Cut(rest, " ")
	value, letters, _ := strings.Cut(rest, " ")
	p, err := valueOf(value)
	if err != nil {
		return err
	}
	p.Name, p.Of = name, d.typ.Name
	for i := range len(letters) {
		lower := letters[i] | 0x20
		bit := strings.IndexByte(markLetters, lower)
		switch {
		case bit < 0:
			return fmt.Errorf("the property %s has the letter %q", name, letters[i])
		case letters[i] == lower:
			p.Marks |= 1 << bit
		default:
			p.V1Marks |= 1 << bit
		}
	}
	if n := len(d.own); name == "" || n > 0 && d.own[n-1].Name >= name {
		return fmt.Errorf("the property %q has no name, or is not in order", name)
	}
	if len(d.own) == cap(d.own) {
		d.own = append(make([]Property, 0, len(d.own)+propertiesAtOnce), d.own...)
	}
	d.own = append(d.own, p)
	return nil
}

// propertiesAtOnce is how many properties are allocated together.
const propertiesAtOnce = 512

func (d *decoder) action(rest string) error {
	if d.typ == nil {
		return fmt.Errorf("an action %q outside a type", rest)
	}
	rest, v1 := strings.CutPrefix(rest, "!")
	f := strings.Split(rest, " ")
	a := Action{Name: f[0], V1: v1}
	for i := 1; i < len(f); i += 2 {
		if i+1 == len(f) {
			return fmt.Errorf("the action %s has a parameter without a value", a.Name)
		}
		p, err := valueOf(f[i+1])
		if err != nil {
			return err
		}
		p.Name, p.Of = f[i], d.typ.Name
		a.Parameters = append(a.Parameters, p)
	}
	if n := len(d.typ.Actions); a.Name == "" || n > 0 && d.typ.Actions[n-1].Name >= a.Name {
		return fmt.Errorf("the action %q has no name, or is not in order", a.Name)
	}
	d.typ.Actions = append(d.typ.Actions, a)
	return nil
}

func (d *decoder) newEnum(rest string) error {
	d.endType()
	name, rest, _ := strings.Cut(rest, " ")
	flags, rest, _ := strings.Cut(rest, " ")
	e := Enum{Name: name}
	switch flags {
	case "y":
		e.Flags = Yes
	case "n":
		e.Flags = No
	case "u":
	default:
		return fmt.Errorf("the enumeration %q has the flags %q", name, flags)
	}
	if rest != "" {
		e.Members = strings.Split(rest, " ")
	}
	if name <= d.enum {
		return fmt.Errorf("the enumeration %q is not in order", name)
	}
	d.enum, d.m.enums[name] = name, e
	return nil
}

// valueOf decodes a value.
func valueOf(text string) (Property, error) {
	p := Property{Nullable: No}
	rest, nav := strings.CutPrefix(text, ">")
	rest, list := strings.CutPrefix(rest, "*")
	p.Navigation, p.Collection = nav, list
	if name, ok := strings.CutSuffix(rest, "?"); ok {
		rest, p.Nullable = name, Yes
	} else if name, ok := strings.CutSuffix(rest, "~"); ok {
		rest, p.Nullable = name, Unknown
	}
	if rest == "" {
		return p, fmt.Errorf("the value %q has no type", text)
	}
	p.Type = rest
	if whole, ok := edmNames[rest]; ok {
		p.Type = whole
	}
	return p, nil
}

// EdmTypes are the types of OData itself that properties have, without their
// prefix "Edm.".
var EdmTypes = []string{"Binary", "Boolean", "Byte", "Date", "DateTimeOffset", "Decimal", "Double", "Duration", "Guid",
	"Int16", "Int32", "Int64", "SByte", "Single", "Stream", "String", "TimeOfDay"}

// edmNames are Edm types with their prefix, so that each is one text.
var edmNames = func() map[string]string {
	names := map[string]string{}
	for _, name := range EdmTypes {
		names[name] = "Edm." + name
	}
	return names
}()

// check reports a base, or a type of a structural property, that is not in the
// table, and a type that is its own base.
func (m *Model) check() error {
	for _, name := range m.names {
		t := m.types[name]
		if t.Base != "" && m.types[t.Base] == nil {
			return fmt.Errorf("the base %s of %s is not in the table", t.Base, name)
		}
		for i, above := 0, t.Base; above != ""; i, above = i+1, m.types[above].Base {
			if i > len(m.types) || m.types[above] == nil {
				return fmt.Errorf("%s is its own base, or a base is not in the table", name)
			}
		}
		for _, p := range t.Own {
			if !p.Navigation && !m.has(p.Type) {
				return fmt.Errorf("the type %s of %s/%s is not in the table", p.Type, name, p.Name)
			}
		}
	}
	return nil
}

func (m *Model) has(typ string) bool {
	_, enum := m.enums[typ]
	return enum || m.types[typ] != nil || strings.HasPrefix(typ, "Edm.") || typ == number || typ == unknown
}
