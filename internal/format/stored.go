package format

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// nanoseconds reads a time.Duration as encoding/json writes it.
var nanoseconds = jsonv1.FormatDurationAsNano(true)

// ErrNewer says that a newer version of this library wrote a document.
var ErrNewer = errors.New("syncer: written by a newer version of this library")

// Decode reads a stored JSON document into v. known is the newest format that
// this version reads. A document without a format has format 1. what names the
// document in errors. The error wraps [ErrNewer] for a newer format. Decode
// checks the format first, because a newer format may have another structure. Names
// count with their case, and a document that has a name twice is refused.
func Decode(what string, raw []byte, known int, v any) error {
	if err := check(what, raw, known); err != nil {
		return err
	}
	if err := jsonv2.Unmarshal(raw, v, nanoseconds); err != nil {
		return fmt.Errorf("decode %s: %w", what, err)
	}
	return nil
}

func check(what string, raw []byte, known int) error {
	var v struct {
		Format int `json:"format"`
	}
	if first, ok := leading(raw); ok {
		v.Format = first
	} else if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("decode %s: %w", what, err)
	}
	if v.Format > known {
		return fmt.Errorf("%w: %s format %d, this version knows %d: upgrade this process", ErrNewer, what, v.Format, known)
	}
	return nil
}

// leading reads the format of a document that begins with it. The engine's own
// documents do, so their rest, which may be long, is not read twice.
func leading(raw []byte) (int, bool) {
	rest, ok := bytes.CutPrefix(raw, []byte(`{"format":`))
	end := bytes.IndexAny(rest[:min(len(rest), 10)], ",}")
	if !ok || end < 1 || rest[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(rest[:end]), 10, 31)
	return int(n), err == nil
}

// DecodeExact decodes like [Decode], and refuses unknown fields and duplicate names
// too. It reads raw once.
func DecodeExact(what string, raw []byte, known int, v any) error {
	if err := check(what, raw, known); err != nil {
		return err
	}
	if err := jsonv2.Unmarshal(raw, v, nanoseconds, jsonv2.RejectUnknownMembers(true)); err != nil {
		return fmt.Errorf("decode %s: %w", what, err)
	}
	return nil
}
