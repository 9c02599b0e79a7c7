package state

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Ref returns the name under which the request's data is stored.
func (r PutRequest) Ref() BlobRef {
	return BlobRef{Tenant: r.Tenant, Run: r.Run, Kind: r.Kind, SHA256: hash(r.Data), Size: int64(len(r.Data))}
}

// Validate returns ErrInvalid for a reference that no blob can have.
func (ref BlobRef) Validate() error {
	if ref.Kind == "" {
		return invalid("a blob reference has no kind")
	}
	if !validHash(ref.SHA256) {
		return invalid("%q is not a SHA-256 in 64 lower-case hex digits", ref.SHA256)
	}
	if ref.Size < 0 {
		return invalid("the size %d is negative", ref.Size)
	}
	return cmp.Or(ValidateTenant(ref.Tenant), validText("the run", ref.Run), validText("the blob's kind", ref.Kind))
}

// Verify returns an error unless data is the content that ref names. A store
// calls it before it returns a blob.
func (ref BlobRef) Verify(data []byte) error {
	if got := hash(data); got != ref.SHA256 {
		return fmt.Errorf("state: blob %s of tenant %q is corrupt: its content has the hash %s, not %s",
			ref.Kind, ref.Tenant, got, ref.SHA256)
	}
	return nil
}

// Name returns the reference without the size, which is no part of a blob's
// name: two references with the same Name lead to one blob.
func (ref BlobRef) Name() BlobRef {
	ref.Size = 0
	return ref
}

// sameName reports whether two references name the same blob.
func (ref BlobRef) sameName(other BlobRef) bool { return ref.Name() == other.Name() }

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func validHash(s string) bool {
	sum, err := hex.DecodeString(s)
	return err == nil && len(sum) == sha256.Size && hex.EncodeToString(sum) == s
}
