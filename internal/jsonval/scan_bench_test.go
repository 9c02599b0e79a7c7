package jsonval

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// BenchmarkScan compares the scanner with decoders that validate the same texts,
// compact and indented. jsontext refuses duplicate names, and encoding/json does
// not.
func BenchmarkScan(b *testing.B) {
	indented := make([][]byte, len(manyPolicies))
	for i, text := range manyPolicies {
		var out bytes.Buffer
		if err := json.Indent(&out, text, "", "  "); err != nil {
			b.Fatal(err)
		}
		indented[i] = out.Bytes()
	}
	var s Scanner
	for _, texts := range []struct {
		name  string
		texts [][]byte
	}{{"compact", manyPolicies}, {"indented", indented}} {
		for _, reader := range []struct {
			name string
			read func(text []byte) error
		}{
			{"Skip", func(text []byte) error {
				s.Reset(text)
				_, err := s.Skip()
				return err
			}},
			{"Next", func(text []byte) error {
				s.Reset(text)
				for {
					if _, err := s.Next(); err != nil {
						return notEOF(err)
					}
				}
			}},
			{"jsontext", readTokens(jsontext.NewDecoder(&bytes.Buffer{}))},
			{"json.Unmarshal", func(text []byte) error {
				var v any
				return json.Unmarshal(text, &v)
			}},
		} {
			b.Run(texts.name+"/"+reader.name, func(b *testing.B) {
				size := 0
				for _, text := range texts.texts {
					size += len(text)
				}
				b.SetBytes(int64(size / len(texts.texts)))
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					if err := reader.read(texts.texts[i]); err != nil {
						b.Fatal(err)
					}
					i = (i + 1) % len(texts.texts)
				}
			})
		}
	}
}

func readTokens(dec *jsontext.Decoder) func(text []byte) error {
	return func(text []byte) error {
		dec.Reset(bytes.NewBuffer(text))
		for {
			if _, err := dec.ReadToken(); err != nil {
				return notEOF(err)
			}
		}
	}
}

func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
