package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxKey is the longest key of a resource, in bytes.
	maxKey = 512
	// maxName is the longest file or folder name that is made, in bytes. File
	// systems take 255; some sync tools and archives less.
	maxName = 200
	// chunkSize is how much of an over-long name goes into one folder's name.
	chunkSize = 150

	extension = ".json"
)

// FilePath returns the path, relative to its kind's folder and with slashes,
// of the file that holds the resource with this key: the key itself where file
// systems allow it, and ".json". [KeyOfPath] is the way back.
//
//   - What Linux, macOS or Windows do not take in a name, what shells and URLs
//     trip over (# % [ ] ~), control, formatting and combining characters
//     become %XX per byte. So do a leading dot or space, a trailing one, and
//     the first letter of names that Windows reserves ("CON").
//   - With distinct, a mark made from the key is added: "foo~2c26b46b.json".
//     Two keys that differ only in case need it, since many file systems keep
//     only one of "Foo.json" and "foo.json".
//   - A name of more than 200 bytes continues in folders, whose first one has
//     the mark: "a-long-~8d2f6a01/~name.json". So no key is ever cut.
func FilePath(key string, distinct bool) string {
	name := escape(key, isUnsafe)
	mark := ""
	if distinct {
		mark = keyMark(key)
	}
	if len(name)+len(mark)+len(extension) <= maxName {
		return name + mark + extension
	}
	chunks := split(name, chunkSize)
	return chunks[0] + keyMark(key) + "/~" + strings.Join(chunks[1:], "/~") + extension
}

// KeyOfPath returns the key of the resource whose file has this path, relative
// to its kind's folder. It also takes names that people gave: any legal name
// that ends in ".json" is the key and ".json". The error says what to rename.
func KeyOfPath(path string) (string, error) {
	stem, ok := cutExtension(path)
	if !ok {
		return "", fmt.Errorf("the name does not end in %s", extension)
	}
	parts := strings.Split(stem, "/")
	name, mark := cutMark(parts[0])
	for _, p := range parts[1:] {
		rest, continued := strings.CutPrefix(p, "~")
		if !continued || mark == "" {
			return "", fmt.Errorf("folders within a kind are not read: move the file up")
		}
		name += rest
	}
	key := unescape(name)
	if mark != "" && keyMark(key) != mark {
		if len(parts) > 1 {
			return "", fmt.Errorf("the folder's mark %q does not belong to this name: undo the renaming, or delete the file and let it be written again", mark)
		}
		key = unescape(stem) // only looks like a mark
	}
	if err := checkKey(key); err != nil {
		return "", err
	}
	return key, nil
}

// checkKey returns an error for a key that a resource cannot have.
func checkKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("the key is empty")
	case len(key) > maxKey:
		return fmt.Errorf("the key has %d bytes, more than the limit of %d", len(key), maxKey)
	case !utf8.ValidString(key):
		return fmt.Errorf("the key %q is no valid UTF-8", key)
	}
	return nil
}

// keyMark is "~" and eight hexadecimal digits that only this key has. A key's
// own "~" is always escaped, so that nothing else in a made name looks like it.
func keyMark(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "~" + hex.EncodeToString(sum[:4])
}

var aMark = regexp.MustCompile(`^~[0-9a-f]{8}$`)

func cutMark(name string) (rest, mark string) {
	at := len(name) - len("~00000000")
	if at <= 0 || name[at] != '~' || !aMark.MatchString(name[at:]) { // most have no "~" there
		return name, ""
	}
	return name[:at], name[at:]
}

func cutExtension(path string) (stem string, ok bool) {
	at := len(path) - len(extension)
	if at <= 0 || !strings.EqualFold(path[at:], extension) || path[at-1] == '/' {
		return path, false
	}
	return path[:at], true
}

// escape percent-encodes the runes for which unsafe is true, and those
// that are unsafe at their place.
func escape(s string, unsafe func(rune) bool) string {
	reserved := isReserved(s)
	var b strings.Builder
	for i, r := range s {
		size := utf8.RuneLen(r)
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			size = 1 // a byte that is not text
		}
		first, last := i == 0, i+size == len(s)
		dotOrSpace := r == '.' || r == ' '
		if unsafe(r) || dotOrSpace && (first || last) || first && reserved || size == 1 && r == utf8.RuneError {
			for _, c := range []byte(s[i : i+size]) {
				fmt.Fprintf(&b, "%%%02X", c)
			}
			continue
		}
		b.WriteString(s[i : i+size])
	}
	return b.String()
}

// unescape undoes escape. A percent sign that begins no escape is itself.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				b = append(b, c[0])
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// isUnsafe reports whether a rune is escaped wherever it stands. Marks, Hangul
// parts and compatibility ideographs are, because some file systems take them
// for the same as a composed character.
func isUnsafe(r rune) bool {
	switch {
	case strings.ContainsRune(`/\:*?"<>|#%[]~`, r), unicode.IsControl(r):
		return true
	case r < utf8.RuneSelf:
		return false
	}
	return unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.M, unicode.Co) ||
		r >= 0x1100 && r <= 0x11FF || r >= 0xA960 && r <= 0xA97F || r >= 0xD7B0 && r <= 0xD7FF ||
		r >= 0xF900 && r <= 0xFAFF || r >= 0x2F800 && r <= 0x2FA1F
}

var reservedName = regexp.MustCompile(`(?i)^(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)`)

// isReserved reports whether Windows takes the name for a device, which it
// does with any extension.
func isReserved(name string) bool { return reservedName.MatchString(name) }

// split cuts an escaped name into pieces of at most size bytes, never within a
// character or an escape.
func split(name string, size int) []string {
	var pieces []string
	for len(name) > size {
		at := size
		for !utf8.RuneStart(name[at]) {
			at--
		}
		if i := strings.LastIndexByte(name[max(0, at-2):at], '%'); i >= 0 {
			at = max(0, at-2) + i
		}
		pieces = append(pieces, name[:at])
		name = name[at:]
	}
	return append(pieces, name)
}

// fold maps names that some file system takes for the same to one string.
func fold(name string) string {
	if isASCII(name) {
		return strings.ToUpper(name) // capitals come first
	}
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// tenantFolder returns the folder name of a tenant: escaped as file names are,
// and its capitals too, so that tenants whose names differ in case never share
// a folder.
func tenantFolder(tenant string) (string, error) {
	name := escape(tenant, func(r rune) bool {
		return isUnsafe(r) || unicode.ToLower(unicode.ToUpper(r)) != r
	})
	if len(name) > maxName {
		return "", fmt.Errorf("%w: the tenant's name is too long for a folder: %d bytes of at most %d", ErrInvalidRequest, len(name), maxName)
	}
	return name, nil
}
