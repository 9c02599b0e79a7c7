package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
)

// migrationTable is the file in which an exporting tool records the names of objects
// to which other objects refer by id.
type migrationTable struct {
	TenantID     string `json:"TenantId"`
	Organization string
	Objects      []tableEntry
}

type tableEntry struct {
	DisplayName string
	ID          string `json:"Id"`
	Type        string
}

const migrationTableName = "MigrationTable.json"

// readFiles reads every file below the folder.
func (im *importer) readFiles(files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		im.report.Files++
		if !d.Type().IsRegular() || !strings.EqualFold(path.Ext(name), ".json") {
			im.report.leftOutObject(Line{Thing: name, Known: true, Err: errors.New("not a regular file with a name that ends in .json")})
			return nil
		}
		if info, err := d.Info(); err == nil && info.Size() > tenant.MaxFileSize {
			im.report.leftOut(name, "", "", fmt.Errorf("the file has %d bytes, more than the limit of %d", info.Size(), tenant.MaxFileSize))
			return nil
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		text, err := decodeFile(name, data)
		if err != nil {
			im.report.leftOut(name, "", "", err)
			return nil
		}
		if strings.EqualFold(path.Base(name), migrationTableName) {
			im.readTable(name, text)
			return nil
		}
		im.readObjects(name, text)
		return nil
	})
}

// decodeFile is [tenant.DecodeFile], and also accepts a list. Some tools write lists
// without an object around them.
func decodeFile(name string, data []byte) ([]byte, error) {
	text, err := tenant.DecodeFile(name, data)
	if err == nil {
		return text, nil
	}
	list, _, errText := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), data)
	if errText != nil || !bytes.HasPrefix(bytes.TrimLeft(list, " \t\r\n"), []byte("[")) {
		return nil, err
	}
	text, err = tenant.DecodeFile(name, slices.Concat([]byte(aroundList), list, []byte("\n}")))
	if problem, ok := errors.AsType[*tenant.FileError](err); ok && problem.Line > 1 {
		problem.Line--
		problem.Offset -= int64(len(aroundList))
	}
	return text, err
}

// aroundList turns a list into an object. It is a line of its own, so that positions
// in the list keep their columns.
const aroundList = "{\"value\":\n"

func (im *importer) readTable(name string, text []byte) {
	var t migrationTable
	if err := json.Unmarshal(text, &t); err != nil {
		im.report.leftOut(name, "", "", fmt.Errorf("not a migration table: %w", err))
		return
	}
	if im.table.TenantID != "" && !strings.EqualFold(im.table.TenantID, t.TenantID) {
		im.report.leftOut(name, "", "", errors.New("a second migration table, of another tenant: import one tenant's export at a time"))
		return
	}
	im.table.TenantID, im.table.Organization = t.TenantID, t.Organization
	im.table.Objects = append(im.table.Objects, t.Objects...)
}

// readObjects reads a file that holds one object, a list of objects in one property,
// or objects in another tool's form.
func (im *importer) readObjects(name string, text []byte) {
	if depth := depthOf(text); depth > maxDepth {
		im.report.leftOut(name, "", "", fmt.Errorf("its objects are nested %d deep, more than the limit of %d", depth, maxDepth))
		return
	}
	body, err := bodies.Decode(text)
	if err != nil {
		im.report.leftOut(name, "", "", err)
		return
	}
	if objects, ok := unpacked(body); ok {
		im.readAll(name, objects)
		return
	}
	property, list := wrapped(body)
	if list == nil {
		im.readObject(name, found{body: body})
		return
	}
	if len(list) == 0 {
		im.report.leftOutObject(Line{Thing: name, Known: true, Err: fmt.Errorf("the list %q is empty", property)})
	}
	context, _ := body["@odata.context"].(string)
	for i, element := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		if objects, ok := unpacked(element); ok {
			im.readAll(at, objects)
			continue
		}
		im.readObject(at, found{body: element, property: property, context: context})
	}
}

// readAll reads the objects that another tool's form holds.
func (im *importer) readAll(name string, objects []found) {
	for i, o := range objects {
		at := name
		if len(objects) > 1 {
			at = fmt.Sprintf("%s[%d]", name, i)
		}
		im.readObject(at, o)
	}
	if len(objects) == 0 {
		im.report.leftOutObject(Line{Thing: name, Known: true, Err: errors.New("it holds no object")})
	}
}

// unpacked returns the objects if the body is in another tool's form. Otherwise ok
// is false.
func unpacked(body map[string]any) (objects []found, ok bool) {
	for _, form := range []func(map[string]any) ([]found, bool){cippRow, terraformFile, dscResource} {
		if objects, ok := form(body); ok {
			return objects, true
		}
	}
	return nil, false
}

// maxDepth limits the nesting of objects. Objects of Graph have some 20 levels; an
// indented object of 10,000 levels takes gigabytes.
const maxDepth = 200

// depthOf returns how deep valid JSON is nested.
func depthOf(text []byte) (deepest int) {
	depth, inString, escaped := 0, false, false
	for _, c := range text {
		switch {
		case inString:
			inString = c != '"' || escaped
			escaped = c == '\\' && !escaped
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

func (im *importer) readObject(file string, o found) {
	id, _ := o.body["id"].(string)
	id = strings.ToLower(id)
	if o.problem != nil {
		im.report.leftOutObject(im.problemOf(o, file, id))
		return
	}
	im.renameProperties(file, o.body)
	name, err := im.recognizer.kindOf(o, file)
	if err != nil {
		_, misfit := errors.AsType[*misfitError](err)
		im.report.leftOutObject(Line{Thing: file, ID: id, Err: err, Known: !misfit})
		return
	}
	kind, used := im.kinds[name]
	if !used {
		err = fmt.Errorf("its kind %s is not among those that are used", name)
	} else if !kind.Create && !kind.Update {
		err = fmt.Errorf("objects of its kind %s are neither created nor changed through Graph", name)
	}
	if err != nil {
		key, _ := KeyOf(im.recognizer.entries[name].Kind, o.body)
		im.report.leftOutObject(Line{Thing: file, Kind: name, Key: key, ID: id, Err: err})
		return
	}
	im.objects = append(im.objects, &object{kind: kind, id: id, file: file, body: o.body, byName: o.byName})
}

// otherNames maps the names that tools use to Graph's property names. A property that
// Graph lacks maps to "".
var otherNames = []struct{ was, is string }{
	// github.com/jorgeasaurus/IntuneHydrationKit, Templates
	{"localizedMessages", "localizedNotificationMessages"},
	{"membershipType", ""},
}

// renameProperties replaces other tools' property names with Graph's.
func (im *importer) renameProperties(file string, body map[string]any) {
	for _, name := range otherNames {
		v, has := body[name.was]
		switch {
		case !has:
		case name.is == "":
			delete(body, name.was)
			im.report.altered(file, fmt.Sprintf("%q, which Graph does not have, dropped", name.was))
		case body[name.is] == nil:
			delete(body, name.was)
			body[name.is] = v
			im.report.altered(file, fmt.Sprintf("%q became %q", name.was, name.is))
		}
	}
}

// problemOf returns the report's line for an unusable object. If the object's kind
// and name are known, the line includes them.
func (im *importer) problemOf(o found, file, id string) Line {
	l := Line{Thing: file, ID: id, Err: o.problem, Known: !o.unread}
	if kind, err := im.recognizer.kindOfPath(o.endpoint, o.endpoint); o.endpoint != "" && err == nil {
		l.Kind, l.Known = kind, false
		l.Key, _ = KeyOf(im.recognizer.entries[kind].Kind, o.body)
	}
	return l
}

// wrapped returns the only property of body besides annotations, if it is an array of
// objects, as in {"groups":[…]} and in a response of Graph ({"value":[…]}).
// Otherwise list is nil.
func wrapped(body map[string]any) (property string, list []map[string]any) {
	for name, v := range body {
		if isAnnotation(name) {
			continue
		}
		array, ok := v.([]any)
		if !ok || property != "" {
			return "", nil
		}
		property, list = name, make([]map[string]any, 0, len(array))
		for _, element := range array {
			object, ok := element.(map[string]any)
			if !ok {
				return "", nil
			}
			list = append(list, object)
		}
	}
	return property, list
}
