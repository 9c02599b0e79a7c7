package tenant

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// objectName is the name under which a content is kept: its SHA-256.
func objectName(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// isObject reports whether a text has the form that objectName returns.
func isObject(name string) bool {
	_, err := hex.DecodeString(name)
	return err == nil && len(name) == 64 && strings.ToLower(name) == name
}
