package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/term"

	"github.com/tenantsync/tenantsync/plan"
)

// console prints output and asks people questions. Results go to standard output;
// progress, questions and errors go to standard error. It is safe for concurrent use.
type console struct {
	json  bool // results are JSON
	out   io.Writer
	err   io.Writer
	live  bool // standard error is a terminal on which a line can be redrawn
	table bool // standard output is such a terminal
	asks  bool // a person can answer questions
	color bool
	size  func() (width, height int)

	mu      sync.Mutex
	drawn   string // the line of progress on the terminal
	asking  sync.Mutex
	in      *bufio.Reader
	pending chan answer // receives a line that is still being read for an abandoned question
	done    <-chan struct{}
}

// answer is a line that the person typed, or the error of reading it.
type answer struct {
	line string
	err  error
}

// newConsole returns a console that asks no questions after done is closed.
func newConsole(s surroundings, done <-chan struct{}) *console {
	c := &console{out: s.stdout, err: s.stderr, in: bufio.NewReader(s.stdin), done: done}
	able := s.getenv("TERM") != "dumb"
	c.live = able && isTerminal(s.stderr)
	c.table = able && isTerminal(s.stdout)
	c.asks = isTerminal(s.stdin) && isTerminal(s.stderr)
	c.color = c.table && s.getenv("NO_COLOR") == ""
	c.size = func() (int, int) {
		for _, stream := range []any{s.stdout, s.stderr} {
			if f, ok := stream.(*os.File); ok {
				if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
					return w, h
				}
			}
		}
		return 80, 24
	}
	return c
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalWidth returns the number of characters on a line of the terminal. It
// returns 0 for a file or a pipe, so that their content does not depend on the
// terminal of the person who runs the command.
func terminalWidth(stream any) int {
	if f, ok := stream.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil {
			return width
		}
	}
	return 0
}

// safe is text from this program, which may move the cursor or have colors.
type safe string

// cleaned returns the arguments of a format, and makes text from outside the program
// printable. A name, an error or a comment cannot move the cursor, hide a line or
// imitate another line.
func cleaned(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case safe:
			out[i] = string(v)
		case error:
			out[i] = cleanLines(v.Error())
		case fmt.Stringer:
			out[i] = plan.Printable(v.String())
		default:
			out[i] = a
			if a != nil && reflect.TypeOf(a).Kind() == reflect.String {
				out[i] = plan.Printable(reflect.ValueOf(a).String())
			}
		}
	}
	return out
}

// cleanLines makes text of several lines printable. It indents all lines except the
// first, so that they cannot imitate the program's own lines.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = plan.Printable(line)
	}
	return strings.Join(lines, "\n  ")
}

// printf prints a result.
func (c *console) printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	fmt.Fprintf(c.out, format, cleaned(args)...)
}

// say prints a line of progress that stays.
func (c *console) say(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	fmt.Fprintf(c.err, format, cleaned(args)...)
}

// progress shows progress in a line that is redrawn. It prints nothing if standard
// error is not a terminal.
func (c *console) progress(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line := fmt.Sprintf(format, cleaned(args)...)
	if !c.live || line == c.drawn {
		return
	}
	width, _ := c.size()
	line = cut(line, width-1)
	fmt.Fprint(c.err, "\r\x1b[K"+line)
	c.drawn = line
}

// erase removes the line of progress. The caller holds c.mu.
func (c *console) erase() {
	if c.drawn != "" {
		fmt.Fprint(c.err, "\r\x1b[K")
		c.drawn = ""
	}
}

// text prints the output of write, which must already be clean.
func (c *console) text(write func(io.Writer) error) error {
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return err
	}
	c.printf("%s", safe(b.String()))
	return nil
}

// show prints a result: v as JSON with -o json, else by calling text.
func (c *console) show(v any, text func()) {
	if c.json {
		c.jsonTo(c.out, v)
		return
	}
	text()
}

// jsonTo writes a JSON document, indented, on lines of its own.
func (c *console) jsonTo(w io.Writer, v any) { c.encode(w, v, "  ") }

// jsonLine writes a JSON document on one line.
func (c *console) jsonLine(v any) { c.encode(c.out, v, "") }

func (c *console) encode(w io.Writer, v any, indent string) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		c.say("tenantsync: %v\n", err)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.erase()
	fmt.Fprint(w, escapeInvisible(b.String()))
}

// escapeInvisible replaces characters that could control a terminal, and that the JSON
// encoder does not escape, with escapes. JSON has them only within strings.
func escapeInvisible(s string) string {
	hidden := func(r rune) bool { return r > 0x7e && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) || r == 0x7f }
	if strings.IndexFunc(s, hidden) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// errNobody reports that the program ended, or that the input ended, before a person
// answered the question.
var errNobody = errors.New("nobody answered")

// ask prints a question and reads a line. It returns the line in lower case, without
// surrounding spaces.
func (c *console) ask(format string, args ...any) (string, error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	c.say(format, args...)
	if c.pending == nil {
		pending := make(chan answer, 1)
		c.pending = pending
		go func() { // a read cannot be canceled
			line, err := c.in.ReadString('\n')
			pending <- answer{line, err}
		}()
	}
	select {
	case <-c.done:
		return "", errNobody
	case a := <-c.pending:
		c.pending = nil
		if a.err != nil && a.line == "" {
			c.say("\n")
			return "", errNobody
		}
		return strings.ToLower(strings.TrimSpace(a.line)), nil
	}
}
