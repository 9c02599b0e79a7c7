package tenant

import "strings"

// SaysSecret reports whether a property's name says that a text there is a
// secret: "preSharedKey", "adDomainPassword", "client_secret", "tokenValue". It
// looks for the words of secrets, in any notation. A name with more words about
// the secret says no secret: "passwordChangeUrl", "vppTokenId",
// "requirePassword". It says nothing about numbers and booleans, which tell how
// long a password must be and whether there is one.
func SaysSecret(name string) bool {
	if !maySaySecret(name) {
		return false
	}
	var at nameWords
	at.split(name)
	leads := false
	for i := range at.count {
		word := at.word(name, i)
		end := at.secretEnd(name, i)
		if end == 0 {
			leads = leads || i == 0 && isOneOf(word, leadWords)
			continue
		}
		for ; end < at.count; end++ {
			if isAboutWord(at.word(name, end)) {
				return false
			}
		}
		return !leads
	}
	return false
}

// nameWords are the places of a name's words, without a plural's "s". They need no
// memory of their own: names are looked at for each property of each object.
type nameWords struct {
	places [24][2]int // more words than that are not looked at
	count  int
}

func (w *nameWords) word(name string, i int) string { return name[w.places[i][0]:w.places[i][1]] }

// split finds the words: "WPAPre_sharedKeys" is WPA, Pre, shared, Key.
func (w *nameWords) split(name string) {
	begin := 0
	for i := range len(name) + 1 {
		separator := i < len(name) && strings.IndexByte("_-. /", name[i]) >= 0
		next := i == len(name) || separator || i > 0 && isUpper(name, i) && (!isUpper(name, i-1) || i+1 < len(name) && name[i+1] >= 'a' && name[i+1] <= 'z')
		if !next {
			continue
		}
		if end := i; begin < end && w.count < len(w.places) {
			if n := end - begin; n >= 3 && name[end-1]|0x20 == 's' && name[end-2]|0x20 != 's' && (n > 3 || strings.EqualFold(name[begin:end], "ids")) {
				end--
			}
			w.places[w.count] = [2]int{begin, end}
			w.count++
		}
		if begin = i; separator {
			begin++
		}
	}
}

func isUpper(name string, i int) bool { return name[i] >= 'A' && name[i] <= 'Z' }

// secretEnd returns the index after the words of a secret that begin at i, or 0 if
// none do.
func (w *nameWords) secretEnd(name string, i int) int {
	word := w.word(name, i)
	if isOneOf(word, secretRoots) {
		return i + 1
	}
	for _, root := range joinedRoots {
		if n := len(word) - len(root); n >= 0 && strings.EqualFold(word[n:], root) {
			return i + 1
		}
	}
	if i > 0 && strings.EqualFold(word, "key") && isOneOf(w.word(name, i-1), keyWords) {
		return i + 1
	}
	if strings.EqualFold(word, "exit") && i+1 < w.count && strings.EqualFold(w.word(name, i+1), "code") {
		for before := range i {
			if strings.EqualFold(w.word(name, before), "kiosk") { // it lets a person out of the kiosk
				return i + 2
			}
		}
	}
	return 0
}

// isOneOf reports whether a word is in a list, without regard to case.
func isOneOf(word string, list []string) bool {
	for _, w := range list {
		if strings.EqualFold(word, w) {
			return true
		}
	}
	return false
}

var (
	secretRoots = []string{"credential", "passcode", "passphrase", "passwd", "password", "pfx", "pin", "pkcs12", "psk", "pwd", "secret", "token"}
	// joinedRoots end a word whose parts are not told apart: "clientsecret".
	joinedRoots = []string{"accesskey", "apikey", "passcode", "passphrase", "password", "privatekey", "secret", "sharedkey", "token"}
	// keyWords stand before "key": a key alone can be the name of a value.
	keyWords = []string{"access", "account", "activation", "admin", "api", "encryption", "license", "master", "network", "primary", "private", "product",
		"recovery", "secondary", "secret", "shared", "signing", "storage", "subscription", "symmetric", "wep", "workspace", "wpa"}
	// leadWords begin a name that is about a secret.
	leadWords = []string{"allow", "allowed", "block", "custom", "disable", "enable", "forgot", "has", "is", "maximum", "minimum", "require", "required", "reset"}
)

// aboutWords follow a secret's words in a name that is about the secret. They are
// by their first letter.
var aboutWords = [256][]string{
	'a': {"age", "algorithm", "allowed", "attempt", "audience"},
	'b': {"block", "blocked"},
	'c': {"certificate", "change", "changed", "claim", "complexity", "configuration", "count"},
	'd': {"date", "day", "description", "disabled", "domain"},
	'e': {"enabled", "end", "expiration", "expire", "expiry"},
	'f': {"file", "fingerprint", "format"},
	'g': {"guid"},
	'h': {"hint", "history", "hour"},
	'i': {"id", "identifier", "interval", "issuance", "issuer"},
	'k': {"kind"},
	'l': {"label", "length", "level", "lifetime", "link", "location"},
	'm': {"message", "method", "minute", "mode", "month"},
	'n': {"name"},
	'o': {"option", "owner"},
	'p': {"path", "period", "policie", "policy", "profile", "provider"},
	'r': {"reference", "required", "requirement", "reset", "restriction", "rotation", "rule"},
	's': {"scope", "second", "set", "setting", "size", "source", "state", "status", "store", "sync"},
	't': {"template", "thumbprint", "time", "title", "type"},
	'u': {"unlock", "uri", "url", "usage", "use", "used", "user"},
	'v': {"version", "visibility"},
	'y': {"year"},
}

func isAboutWord(word string) bool { return word != "" && isOneOf(word, aboutWords[word[0]|0x20]) }

// maySaySecret reports whether a name has the first letters of a secret's word.
// Most names do not, and an object has many.
func maySaySecret(name string) bool {
	for i := range len(name) - 2 {
		for _, begin := range beginnings[name[i]|0x20] {
			if len(name)-i >= len(begin) && strings.EqualFold(name[i:i+len(begin)], begin) {
				return true
			}
		}
	}
	return false
}

// beginnings are how the words of secrets begin, by their first letter.
var beginnings = [256][]string{
	'c': {"cred"}, 'e': {"exit"}, 'k': {"key"}, 'p': {"pass", "pin", "psk", "pwd", "pfx", "pkcs"}, 's': {"secr"}, 't': {"toke"},
}
