package tenant

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxFileSize is the size in bytes above which [DecodeFile] refuses a file.
// The largest policies seen in practice have half a megabyte.
const MaxFileSize = 64 << 20

// DecodeFile turns a configuration file as people and tools write it into one
// JSON object in UTF-8, without the white space around it. It takes UTF-8 and
// UTF-16, with or without byte order mark, and any line ends.
//
// Everything else is a *[FileError] that names path and place: other text than
// one JSON object, two members of one name at any depth, half of a surrogate
// pair, bytes that are not text, more than [MaxFileSize], or objects and arrays
// nested more than 10,000 deep. The result does not share memory with data.
func DecodeFile(path string, data []byte) (json.RawMessage, error) {
	if len(data) > MaxFileSize {
		return nil, wholeFile(path, fmt.Sprintf("the file has %d bytes, more than the limit of %d: split it or leave it out", len(data), MaxFileSize))
	}
	text, err := decodeText(path, data)
	if err != nil {
		return nil, err
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(text))
	value, err := dec.ReadValue()
	if err != nil {
		return nil, syntaxError(path, text, err)
	}
	if value.Kind() != '{' {
		start := dec.InputOffset() - int64(len(value))
		return nil, fileErrorAt(path, text, start, fmt.Sprintf("the file holds a JSON %s: write one JSON object in braces", kindName(value.Kind())))
	}
	object, at := bytes.Clone(value), dec.InputOffset()
	if _, err := dec.ReadToken(); err != io.EOF {
		at += int64(len(text[at:]) - len(bytes.TrimLeft(text[at:], " \t\r\n")))
		return nil, fileErrorAt(path, text, at, "there is more text after the object: keep one JSON object per file")
	}
	return json.RawMessage(object), nil
}

// decodeText returns data as UTF-8 without byte order mark.
func decodeText(path string, data []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:], nil
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		return decodeUTF16(path, data[2:], binary.LittleEndian)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		return decodeUTF16(path, data[2:], binary.BigEndian)
	// JSON begins with an ASCII character, and lacks zero bytes in UTF-8.
	case len(data) >= 2 && data[0] != 0 && data[1] == 0:
		return decodeUTF16(path, data, binary.LittleEndian)
	case len(data) >= 2 && data[0] == 0 && data[1] != 0:
		return decodeUTF16(path, data, binary.BigEndian)
	}
	return data, nil
}

func decodeUTF16(path string, data []byte, order binary.ByteOrder) ([]byte, error) {
	text := make([]byte, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		r := rune(order.Uint16(data[i:]))
		if utf16.IsSurrogate(r) {
			pair := rune(utf8.RuneError)
			if i+3 < len(data) {
				pair = utf16.DecodeRune(r, rune(order.Uint16(data[i+2:])))
			}
			if pair == utf8.RuneError {
				return nil, fileErrorAt(path, text, int64(len(text)), fmt.Sprintf("half of a UTF-16 surrogate pair (%U): save the file as UTF-8 again from its source", r))
			}
			r = pair
			i += 2
		}
		text = utf8.AppendRune(text, r)
	}
	if len(data)%2 != 0 {
		return nil, fileErrorAt(path, text, int64(len(text)), "the file is UTF-16 and ends in the middle of a character: save it as UTF-8 again from its source")
	}
	return text, nil
}

// syntaxError turns what jsontext says into words that tell what to do.
func syntaxError(path string, text []byte, err error) *FileError {
	if err == io.EOF {
		return wholeFile(path, "the file is empty: write a JSON object or delete the file")
	}
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return wholeFile(path, "the file cannot be read as JSON: "+err.Error())
	}
	message := "invalid JSON: " + reason(syntax.Err)
	if syntax.JSONPointer != "" {
		message += fmt.Sprintf(" (within %q)", shortened(string(syntax.JSONPointer)))
	}
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		name := syntax.JSONPointer.LastToken()
		message = fmt.Sprintf("the member %q stands twice in one object (%q): keep one of the two", shortened(name), shortened(string(syntax.JSONPointer)))
	case errors.Is(err, io.ErrUnexpectedEOF):
		message = "the text ends too early: a brace, bracket or quote is not closed"
	}
	return fileErrorAt(path, text, syntax.ByteOffset, message)
}

// maxShown is how many bytes of a name or a pointer of a file a message has.
const maxShown = 200

// shortened returns the beginning of a long text, up to a whole character.
func shortened(text string) string {
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

func reason(err error) string {
	if err == nil {
		return "cannot be read here"
	}
	return err.Error()
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '[':
		return "array"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case 'n':
		return "null"
	}
	return "boolean"
}

// fileErrorAt is an error at an offset of the decoded text.
func fileErrorAt(path string, text []byte, offset int64, message string) *FileError {
	offset = max(0, min(offset, int64(len(text))))
	before := text[:offset]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return &FileError{
		Path:    path,
		Offset:  offset,
		Line:    bytes.Count(before, []byte("\n")) + 1,
		Column:  utf8.RuneCount(before[lineStart:]) + 1,
		Message: message,
	}
}

// wholeFile is an error of a file as a whole.
func wholeFile(path, message string) *FileError {
	return &FileError{Path: path, Offset: -1, Message: message}
}

// formatFile writes an object as files hold it: members sorted by name, two
// spaces of indent, a newline at the end, so that equal objects are equal
// bytes and changes are small diffs. Numbers keep their spelling.
func formatFile(path string, data []byte) ([]byte, error) {
	body, err := DecodeFile(path, data)
	if err != nil {
		return nil, err
	}
	// It could be written and never be read again. Deep values also grow without
	// bound: each line of a body of 20 kB can have an indent of 20 kB.
	if size := indentedSize(body) + 1; size > MaxFileSize {
		return nil, wholeFile(path, fmt.Sprintf("the file has %d bytes once it is indented, more than the limit of %d: split it or leave it out", size, MaxFileSize))
	}
	v := jsontext.Value(body)
	if err := v.Format(jsontext.ReorderRawObjects(true), jsontext.Multiline(true), jsontext.WithIndent("  ")); err != nil {
		return nil, err
	}
	return append(v, '\n'), nil
}

// indentedSize returns the size in bytes that valid JSON has at most once every
// member and element is on a line of its own.
func indentedSize(text []byte) int {
	size, depth := 0, 0
	inString, escaped := false, false
	var last byte // that is not white space
	for _, c := range text {
		switch {
		case inString:
			size++
			inString = c != '"' || escaped
			escaped = c == '\\' && !escaped
			continue
		case c == ' ', c == '\t', c == '\r', c == '\n':
			continue
		}
		size++
		switch c {
		case '"':
			inString = true
		case ':':
			size++
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; last != '[' && last != '{' {
				size += 1 + 2*depth
			}
		}
		if c != ']' && c != '}' && (last == '[' || last == '{' || last == ',') {
			size += 1 + 2*depth
			if c == '[' || c == '{' {
				size -= 2 // its own line is indented like its neighbours
			}
		}
		last = c
	}
	return size
}
