package script

import (
	"fmt"
	"strconv"
	"strings"
)

// Command is one command of a script.
type Command struct {
	// Name is the first word of the line.
	Name string
	// Args are the positional arguments, unquoted.
	Args []string
	// Options are the key=value arguments, unquoted. It may be nil.
	Options map[string]string
	// Pos is the place of the command, as file:line.
	Pos string
	// Input is the tab-indented lines below the command, each with its
	// newline and without its tab.
	Input string
}

// block is a run of commands and the place of their expected output.
type block struct {
	pos      string
	commands []Command
	want     string
	// text[start:end] is the written output after the first line of dashes: the
	// lines of the output, or the doubled form with its dashes.
	start, end int
}

const dashes = "----"

// parser walks over the lines of a file.
type parser struct {
	path string
	text string
	off  int // of the next line
	line int // number of the line that next returned, from 1
}

func (p *parser) done() bool { return p.off == len(p.text) }

// peek returns the next line without its newline, and the offset after its
// newline.
func (p *parser) peek() (line string, end int) {
	rest := p.text[p.off:]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		return rest[:i], p.off + i + 1
	}
	return rest, len(p.text)
}

func (p *parser) next() string {
	line, end := p.peek()
	p.off = end
	p.line++
	return line
}

func (p *parser) pos() string { return fmt.Sprintf("%s:%d", p.path, p.line) }

func (p *parser) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", p.pos(), fmt.Sprintf(format, args...))
}

// parse splits a script into its blocks.
func parse(path, text string) ([]block, error) {
	p := &parser{path: path, text: text}
	var blocks []block
	for !p.done() {
		line := p.next()
		if isBlank(line) || isComment(line) {
			continue
		}
		b, err := p.block(line)
		if err != nil {
			return nil, err
		}
		blocks = append(blocks, b)
	}
	return blocks, nil
}

// block parses a block whose first line has been read.
func (p *parser) block(line string) (block, error) {
	b := block{pos: p.pos()}
	for ; line != dashes; line = p.next() {
		switch {
		case isComment(line):
		case strings.HasPrefix(line, "\t"):
			if len(b.commands) == 0 {
				return block{}, p.errorf("input without a command above it")
			}
			last := &b.commands[len(b.commands)-1]
			last.Input += line[1:] + "\n"
		case isBlank(line):
			return block{}, p.errorf("blank line before the %s of the block at %s", dashes, b.pos)
		default:
			cmd, err := parseCommand(line)
			if err != nil {
				return block{}, p.errorf("%v", err)
			}
			cmd.Pos = p.pos()
			b.commands = append(b.commands, cmd)
		}
		if p.done() {
			return block{}, p.errorf("the block at %s has no %s", b.pos, dashes)
		}
	}
	if len(b.commands) == 0 {
		return block{}, p.errorf("%s without a command above it", dashes)
	}
	return b, p.output(&b)
}

// output parses the text after a block's first line of dashes.
func (p *parser) output(b *block) error {
	b.start = p.off
	if line, _ := p.peek(); line == dashes {
		return p.doubledOutput(b)
	}
	for !p.done() {
		if line, _ := p.peek(); isBlank(line) {
			break
		}
		b.want += p.next() + "\n"
	}
	b.end = p.off
	return nil
}

func (p *parser) doubledOutput(b *block) error {
	p.next()
	for closing := false; !p.done(); {
		line := p.next()
		if closing && line == dashes {
			b.want = strings.TrimSuffix(b.want, dashes+"\n")
			b.end = p.off
			return nil
		}
		b.want += line + "\n"
		closing = line == dashes
	}
	return p.errorf("the doubled %s of the block at %s is not closed", dashes, b.pos)
}

// formatOutput returns the written form of an output, below a first line of
// dashes.
func formatOutput(out string) (string, error) {
	if strings.Contains("\n"+out, "\n"+dashes+"\n"+dashes+"\n") {
		return "", fmt.Errorf("output with two lines of %s in a row cannot be written in a script", dashes)
	}
	first, _, _ := strings.Cut(out, "\n")
	doubled := first == dashes
	for line := range strings.Lines(out) {
		doubled = doubled || isBlank(line)
	}
	if !doubled {
		return out, nil
	}
	if strings.HasSuffix("\n"+out, "\n"+dashes+"\n") {
		return "", fmt.Errorf("output with blank lines that ends in %s cannot be written in a script", dashes)
	}
	return dashes + "\n" + out + dashes + "\n" + dashes + "\n", nil
}

func isBlank(line string) bool   { return strings.TrimSpace(line) == "" }
func isComment(line string) bool { return strings.HasPrefix(line, "#") }

// parseCommand parses one command line.
func parseCommand(line string) (Command, error) {
	var cmd Command
	rest := strings.TrimSpace(line)
	cmd.Name, rest = cutWord(rest)
	if strings.ContainsAny(cmd.Name, "\"`=") {
		return Command{}, fmt.Errorf("a line begins with a command's name, not with %s", cmd.Name)
	}
	for rest != "" {
		key, isOption := optionKey(rest)
		if isOption {
			rest = rest[len(key)+1:]
		}
		var value string
		var err error
		if value, rest, err = cutValue(rest); err != nil {
			return Command{}, err
		}
		if !isOption {
			cmd.Args = append(cmd.Args, value)
			continue
		}
		if _, double := cmd.Options[key]; double {
			return Command{}, fmt.Errorf("option %s is given twice", key)
		}
		if cmd.Options == nil {
			cmd.Options = make(map[string]string)
		}
		cmd.Options[key] = value
	}
	return cmd, nil
}

// cutWord splits off the text up to the next space, and removes the spaces.
func cutWord(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimLeft(s[i:], " \t")
}

// optionKey returns the key of a leading key=value, if there is one. A word
// that begins with a quote is never an option.
func optionKey(s string) (string, bool) {
	word, _ := cutWord(s)
	key, _, found := strings.Cut(word, "=")
	if !found || key == "" || strings.ContainsAny(key, "\"`") {
		return "", false
	}
	return key, true
}

// cutValue splits off a bare or quoted value, and removes the spaces after it.
func cutValue(s string) (value, rest string, err error) {
	if s == "" || (s[0] != '"' && s[0] != '`') {
		value, rest = cutWord(s)
		return value, rest, nil
	}
	quoted, err := strconv.QuotedPrefix(s)
	if err != nil {
		return "", "", fmt.Errorf("bad quoting at %s", s)
	}
	rest = s[len(quoted):]
	if rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		return "", "", fmt.Errorf("no space after %s", quoted)
	}
	value, err = strconv.Unquote(quoted)
	return value, strings.TrimLeft(rest, " \t"), err
}
