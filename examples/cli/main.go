package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// surroundings holds the program's streams and environment.
type surroundings struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
	// For tests: inProcess connects to the demonstration's fakes without sockets, and
	// prepare receives the fakes before their first request.
	inProcess bool
	prepare   func(*demo)
}

func main() { os.Exit(process(nil)) }

// process runs the program as a process.
func process(prepare func(*demo)) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second Ctrl-C does not wait for anything
		<-ctx.Done()
		stop()
	}()
	return run(ctx, os.Args[1:], surroundings{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, prepare: prepare})
}

// app is one run of the program.
type app struct {
	surroundings
	*console
	set settings
	// flags holds the command's flags and the settings.
	flags *flag.FlagSet
	demo  *demo // set once the engine is open
}

// run runs the program and returns the exit status.
func run(ctx context.Context, args []string, s surroundings) int {
	a := &app{surroundings: s, console: newConsole(s, ctx.Done())}
	err := a.main(ctx, args)
	if ctx.Err() != nil && err != nil && errors.Is(err, context.Canceled) {
		err = &failure{exit: exitStopped, err: errors.New("stopped"), next: "the same command goes on where it was"}
	}
	return a.fail(err)
}

// main finds the command and runs it.
func (a *app) main(ctx context.Context, args []string) error {
	a.set = newSettings()
	fs := a.flagSet("tenantsync")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return a.help()
		}
		return usageError("%w", err)
	}
	rest := fs.Args()
	if len(rest) == 0 {
		return usageError("no command: tenantsync -h lists them")
	}
	if rest[0] == "help" {
		rest = append(rest[1:], "-h")
		if len(rest) == 1 {
			return a.help()
		}
	}
	c, rest := findCommand(rest)
	if c == nil {
		return usageError("there is no command %q: tenantsync -h lists them", strings.Join(rest, " "))
	}
	a.flags = a.flagSet(c.name)
	do := c.prepare(a)
	words, err := parseInterleaved(a.flags, rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return a.helpFor(c)
	case err != nil:
		return usageError("%w: tenantsync %s -h", err, c.name)
	}
	if err := a.set.load(a.getenv); err != nil {
		return err
	}
	a.console.json = a.set.text("o") == "json"
	if n := len(words); n < c.min || n > c.max {
		return usageError("usage: tenantsync %s %s", c.name, c.args)
	}
	return do(ctx, words)
}

// flagSet returns the flags that all commands share.
func (a *app) flagSet(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	a.set.flags(fs)
	return fs
}

// parseInterleaved parses flags before, between and after the other words.
func parseInterleaved(fs *flag.FlagSet, args []string) (words []string, err error) {
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		if n := len(args) - fs.NArg(); n > 0 && args[n-1] == "--" {
			return append(words, fs.Args()...), nil
		}
		if args = fs.Args(); len(args) > 0 {
			words, args = append(words, args[0]), args[1:]
		}
	}
	return words, nil
}

// list is a flag that can be given several times.
type list []string

// String is part of flag.Value.
func (l *list) String() string { return strings.Join(*l, ",") }

// Set is part of flag.Value.
func (l *list) Set(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	*l = append(*l, s)
	return nil
}

// pairs is a flag of name=value that can be given several times.
type pairs map[string]string

// String is part of flag.Value.
func (p pairs) String() string { return fmt.Sprint(map[string]string(p)) }

// Set is part of flag.Value.
func (p pairs) Set(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok || name == "" {
		return fmt.Errorf("%q is not name=value", s)
	}
	p[name] = value
	return nil
}
