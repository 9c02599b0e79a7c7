package pack

import (
	"crypto/sha256"
	"sync"
)

// Boot names the time between two starts of the machine. As long as it is the
// same, no write was lost that a process had made, synced or not. The zero value
// is unknown: it equals no other.
type Boot [16]byte

// Same reports whether two known boots are one.
func (b Boot) Same(other Boot) bool { return b == other && b != Boot{} }

// CurrentBoot returns the boot that the machine is in.
var CurrentBoot = sync.OnceValue(func() Boot {
	text := bootText()
	if text == "" {
		return Boot{}
	}
	sum := sha256.Sum256([]byte(text))
	return Boot(sum[:])
})
