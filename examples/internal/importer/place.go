package importer

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// kindOfPlace determines an object's kind by the name of its list, else by the nearest
// folder with a known name. Tools use one name for different things, so the object
// must also match the type of the endpoint.
func (r *recognizer) kindOfPlace(o found, file string) (string, error) {
	name, endpoints := o.property, r.byFolder[plainPath(o.property)]
	if len(endpoints) == 0 {
		var err error
		if name, endpoints, err = r.folderOf(file); err != nil {
			return "", err
		}
	}
	var kinds, misfits []string
	var why error
	for _, endpoint := range endpoints {
		kind, err := r.kindOfPath(endpoint, endpoint)
		if err != nil {
			why = cmpError(why, fmt.Errorf("it lies in %q: %w", name, err))
			continue
		}
		if odd := r.undeclared(kind, o.body, false); odd != "" {
			misfits = append(misfits, kind)
			why = &misfitError{fmt.Sprintf("it lies in %q, but has %q, which %s lack", name, odd, strings.Join(misfits, " and "))}
			continue
		}
		if !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) > 1 {
		kinds = slices.DeleteFunc(kinds, func(kind string) bool { return r.undeclared(kind, o.body, true) != "" })
	}
	switch {
	case len(kinds) == 1:
		return kinds[0], nil
	case len(kinds) > 1:
		return "", &misfitError{fmt.Sprintf("it lies in %q and can be of the kinds %s: give it an \"@odata.type\"", name, strings.Join(kinds, " or "))}
	case why != nil:
		return "", why
	}
	return "", errors.New("it has no type and no context, and no folder with a known name")
}

// misfitError is the reason for refusing an object that may still be of a known kind.
type misfitError struct{ text string }

func (e *misfitError) Error() string { return e.text }

// cmpError returns the first error that is not nil.
func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// folderOf returns the nearest folder with a known name, and the folder's endpoints.
func (r *recognizer) folderOf(file string) (name string, endpoints []string, err error) {
	segments, err := r.ownFolders(file)
	if err != nil {
		return "", nil, err
	}
	name, endpoints, err = r.nearestFolder(segments)
	if name == "" && err == nil { // the folder does not belong to one object: Groups/Groups.json
		name, endpoints, err = r.nearestFolder(strings.Split(path.Dir(file), "/"))
	}
	return name, endpoints, err
}

func (r *recognizer) nearestFolder(segments []string) (name string, endpoints []string, err error) {
	for end := len(segments); end > 0; end-- {
		for start := max(0, end-maxFolders); start < end; start++ {
			folders := strings.Join(segments[start:end], "/")
			plain := plainPath(folders)
			if e := excludedFolders[plain]; e != nil && (name == "" || e.below) {
				return folders, nil, e.error(fmt.Sprintf("it lies in %q", folders))
			}
			if known := r.byFolder[plain]; len(known) > 0 && name == "" {
				name, endpoints = folders, known
			}
		}
	}
	return name, endpoints, nil
}

// maxFolders is the largest number of folders in a layout's path.
const maxFolders = 4

// ownFolders returns the folders of an object's file. It omits a folder that has the
// object's name or id: Groups for Groups/ID/ID.json. If a layout has objects in a file
// of that name, the file's name is the last folder:
// Organization/Branding/Localizations.json. ownFolders returns an error for a file
// deeper below an object's folder: a group that is listed as a member of another group
// is not an exported group.
func (r *recognizer) ownFolders(file string) ([]string, error) {
	base, _, _ := strings.Cut(path.Base(file), ".json") // a list in a file is file.json[0]
	segments := strings.Split(path.Dir(file), "/")
	last := len(segments) - 1
	if strings.EqualFold(segments[last], base) && last > 0 {
		segments = segments[:last]
	} else if r.knowsFolder(append(slices.Clone(segments), base)) && !r.knowsFolder([]string{base}) {
		segments = append(segments, base)
	}
	for i := 1; i < len(segments); i++ {
		if isGUID(segments[i]) && r.knowsFolder(segments[:i]) {
			return nil, fmt.Errorf("it lies below %q, the folder of one object: it is a piece of that object", strings.Join(segments[:i+1], "/"))
		}
	}
	return segments, nil
}

// knowsFolder reports whether the path ends with the folders of a layout.
func (r *recognizer) knowsFolder(segments []string) bool {
	for start := max(0, len(segments)-maxFolders); start < len(segments); start++ {
		plain := plainPath(strings.Join(segments[start:], "/"))
		if len(r.byFolder[plain]) > 0 || excludedFolders[plain] != nil {
			return true
		}
	}
	return false
}

func isGUID(s string) bool { return len(s) == 36 && guid.MatchString(s) }
