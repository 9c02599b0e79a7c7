package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// sdk are the types of the SDK for TypeScript, from its deserializers, and the
// members of its enumerations.
type sdk struct {
	types   map[named]*sdkType
	members map[named][]string
	// saidAbstract are the types that their own description calls abstract or a
	// base class.
	saidAbstract map[string]bool
}

type sdkType struct {
	base  *named
	props map[string]sdkProp
}

// sdkProp is a property: of an Edm type, or of another type. Both are empty where
// the SDK does not tell.
type sdkProp struct {
	edm        string
	typ        *named
	enum       bool
	collection bool
}

// reads are the types of what the deserializers read.
var reads = map[string]string{
	"getStringValue": "Edm.String", "getGuidValue": "Edm.Guid", "getDateValue": "Edm.DateTimeOffset", "getDateOnlyValue": "Edm.Date",
	"getTimeOnlyValue": "Edm.TimeOfDay", "getDurationValue": "Edm.Duration", "getNumberValue": numberType,
	"getBooleanValue": "Edm.Boolean", "getByteArrayValue": "Edm.Binary",
}

// elements are the types of elements of collections, which only the declarations tell.
var elements = map[string]string{"string": "Edm.String", "number": numberType, "boolean": "Edm.Boolean", "Guid": "Edm.Guid", "Date": "Edm.DateTimeOffset"}

// numberType is a type of an integer or a float: the source does not tell which.
const numberType = "number"

var (
	sdkInterface  = regexp.MustCompile(`^export interface (\w+) `)
	sdkElement    = regexp.MustCompile(`^\s+(\w+)\?: (string|number|boolean|Guid|Date)\[\] \| null;`)
	sdkImport     = regexp.MustCompile(`import \{([^}]*)\} from '([^']*)';`)
	sdkEnum       = regexp.MustCompile(`(?s)export const (\w+)Object = \{\n(.*?)\n\};`)
	sdkMember     = regexp.MustCompile(`: "([^"]*)"`)
	sdkFunction   = regexp.MustCompile(`^(\w+)\(\w+ = \{\}\) \{\n`)
	sdkBase       = regexp.MustCompile(`Object\.assign\(\{\}, (\w+)\(`)
	sdkProperty   = regexp.MustCompile(`"([^"]+)": n => \{ \w+\.\w+ = (.*?);? \}`)
	sdkCall       = regexp.MustCompile(`^n\.(\w+)\((?:\(\w+\) => \w+\()?(\w*)`)
	sdkDescribed  = regexp.MustCompile(`(?s)/\*\*((?:[^*]|\*+[^*/])*)\*+/\s*export interface (\w+) `)
	abstractWords = regexp.MustCompile(`(?i)\babstract\b|\bbase (class|type|entity)\b`)
)

// readSDK reads the folder models of the SDK.
func readSDK(dir string) (*sdk, error) {
	s := &sdk{types: map[named]*sdkType{}, members: map[named][]string{}, saidAbstract: map[string]bool{}}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || path.Base(name) != "index.js" {
			return err
		}
		code, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		declared, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(name, ".js")+".d.ts")))
		if err != nil {
			return err
		}
		s.file(path.Dir(name), string(code), string(declared))
		return nil
	})
	return s, err
}

// file reads the two files of one folder.
func (s *sdk) file(dir, code, declared string) {
	space := spaceOf(dir)
	if space == "" {
		for _, m := range sdkDescribed.FindAllStringSubmatch(declared, -1) {
			if abstractWords.MatchString(m[1]) {
				s.saidAbstract[strings.ToLower(m[2])] = true
			}
		}
	}
	lists, current := map[[2]string]string{}, ""
	for line := range strings.Lines(declared) {
		if m := sdkInterface.FindStringSubmatch(line); m != nil {
			current = m[1]
		}
		if m := sdkElement.FindStringSubmatch(line); m != nil {
			lists[[2]string{current, m[1]}] = elements[m[2]]
		}
	}
	imports := map[string]named{}
	for _, m := range sdkImport.FindAllStringSubmatch(code, -1) {
		other := spaceOf(path.Join(dir, path.Dir(m[2])))
		for item := range strings.SplitSeq(m[1], ",") {
			name, alias, ok := strings.Cut(strings.TrimSpace(item), " as ")
			if !ok {
				alias = name
			}
			imports[alias] = named{other, name}
		}
	}
	resolve := func(name string) named {
		if n, ok := imports[name]; ok {
			return n
		}
		return named{space, name}
	}
	for _, m := range sdkEnum.FindAllStringSubmatch(code, -1) {
		for _, member := range sdkMember.FindAllStringSubmatch(m[2], -1) {
			s.members[named{space, m[1]}] = append(s.members[named{space, m[1]}], member[1])
		}
	}
	for _, part := range strings.Split(code, "function deserializeInto")[1:] {
		head := sdkFunction.FindStringSubmatch(part)
		end := strings.Index(part, "\n}\n")
		if head == nil || end < 0 {
			continue
		}
		t := &sdkType{props: map[string]sdkProp{}}
		body := part[:end]
		if m := sdkBase.FindStringSubmatch(body); m != nil {
			base := resolve(m[1])
			base.name = strings.TrimPrefix(base.name, "deserializeInto")
			t.base = &base
		}
		for _, m := range sdkProperty.FindAllStringSubmatch(body, -1) {
			if call := sdkCall.FindStringSubmatch(m[2]); call != nil && m[1] != "backingStoreEnabled" && m[1] != "@odata.type" {
				t.props[m[1]] = sdkRead(call[1], resolve(call[2]), lists[[2]string{head[1], m[1]}])
			}
		}
		s.types[named{space, head[1]}] = t
	}
}

// sdkRead returns the property that a deserializer reads with a function, and
// what it gives to it.
func sdkRead(function string, arg named, element string) sdkProp {
	p := sdkProp{collection: strings.HasPrefix(function, "getCollection")}
	switch function {
	case "getCollectionOfPrimitiveValues":
		p.edm = element
	case "getObjectValue", "getCollectionOfObjectValues":
		arg.name = strings.TrimSuffix(strings.TrimPrefix(arg.name, "create"), "FromDiscriminatorValue")
		p.typ = &arg
	case "getEnumValue", "getCollectionOfEnumValues":
		arg.name = strings.TrimSuffix(arg.name, "Object")
		p.typ, p.enum = &arg, true
	default:
		p.edm = reads[function]
	}
	return p
}

// spaceOf returns the namespace of a folder.
func spaceOf(dir string) string {
	if dir = path.Clean(dir); dir == "." {
		return ""
	}
	return strings.ReplaceAll(dir, "/", ".")
}
