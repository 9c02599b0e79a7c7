package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/syncer"
)

// console is where things are printed and people are asked. Safe for
// concurrent use.
type console struct {
	mu  sync.Mutex
	out io.Writer

	asking sync.Mutex
	in     *bufio.Reader
	read   chan answer // a line that is still being read, after a question that nobody waits for
	done   <-chan struct{}
}

// answer is a line that was read, or why there is none.
type answer struct {
	line string
	err  error
}

// newConsole returns a console on which nothing is asked once done is closed.
func newConsole(in io.Reader, out io.Writer, done <-chan struct{}) *console {
	return &console{out: out, in: bufio.NewReader(in), done: done}
}

// Write prints.
func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(p)
}

func (c *console) printf(format string, args ...any) { fmt.Fprintf(c, format, args...) }

// errStopped says that the program ends before the question was answered.
var errStopped = errors.New("stopped")

// ask prints a question and reads a line; io.EOF means that nobody is there.
func (c *console) ask(question string) (string, error) {
	c.asking.Lock()
	defer c.asking.Unlock()
	c.printf("%s", question)
	if c.read == nil {
		read := make(chan answer, 1)
		c.read = read
		go func() { // a read cannot be given up
			line, err := c.in.ReadString('\n')
			read <- answer{line, err}
		}()
	}
	select {
	case <-c.done:
		return "", errStopped
	case a := <-c.read:
		c.read = nil
		if a.err != nil && a.line == "" {
			c.printf("\n")
			return "", a.err
		}
		return strings.ToLower(strings.TrimSpace(a.line)), nil
	}
}

// observer prints what happens.
type observer struct {
	console *console
	entra   *authtest.Entra
	asks    bool // the sign-in is answered here
}

// phases in words.
var phases = map[syncer.Phase]string{
	syncer.PhaseBackup: "backing up the tenant and comparing",
	syncer.PhasePlan:   "planning",
	syncer.PhaseDeploy: "deploying",
	syncer.PhaseRevert: "reverting in the repository",
	syncer.PhaseVerify: "reading back what was written",
}

// Observe prints an event.
func (o observer) Observe(_ context.Context, e syncer.Event) {
	switch e.Type {
	case syncer.StatusChanged:
		o.console.printf("%s: %s → %s\n", e.Tenant, e.From.Label(), e.To.Label())
	case syncer.PhaseChanged:
		if text := phases[e.Phase]; text != "" {
			o.console.printf("  … %s\n", text)
		}
	case syncer.PromptShown:
		o.console.printf("  To sign in, open %s and enter the code %s (%s left)\n",
			e.Prompt.URL, e.Prompt.UserCode, e.Deadline.Sub(e.Time).Round(time.Second))
		if o.asks {
			go o.askToSignIn(e.Prompt.UserCode)
		}
	case syncer.ProgressMade:
		if e.Progress.Phase == syncer.PhaseBackup && e.Progress.Done == e.Progress.Total {
			o.console.printf("  … %d reads done\n", e.Progress.Done)
		}
	case syncer.ItemDone:
		o.console.printf("  %s: %s %s", e.Item.Status, e.Item.Verb, e.Item.Item)
		if e.Item.Message != "" {
			o.console.printf(": %s", e.Item.Message)
		}
		o.console.printf("\n")
	}
}

// askToSignIn lets the person in front of the program play the one who signs in.
func (o observer) askToSignIn(code string) {
	line, err := o.console.ask("  Press Enter to sign in, or type n and Enter to decline: ")
	if err != nil {
		return // nobody is there: the sign-in times out
	}
	act := authtest.Accept
	if strings.HasPrefix(line, "n") {
		act = authtest.Refuse
	}
	if err := o.entra.Answer(code, act); err != nil {
		o.console.printf("  %v\n", err)
	}
}

// approver shows the plan and decides as the flag says.
type approver struct {
	console *console
	answer  string
}

// Review shows the plan and decides.
func (a approver) Review(ctx context.Context, r syncer.Review) (syncer.Decision, error) {
	a.console.printf("\n")
	if err := r.Plan.Text(a.console); err != nil {
		return syncer.Decision{}, err
	}
	a.console.printf("\n")
	answer := a.answer
	for answer == "ask" {
		line, err := a.console.ask("Approve, reject, or reject and revert? [approve/reject/revert] ")
		switch {
		case errors.Is(err, errStopped): // asked again by the next process
			// The console is told first. An answer without an error would leave the
			// plan to Decide.
			<-ctx.Done()
			return syncer.Decision{}, context.Cause(ctx)
		case err != nil:
			a.console.printf("Nobody answers: the plan is rejected.\n")
			answer = "reject"
		case line == "approve" || line == "reject" || line == "revert":
			answer = line
		}
	}
	const person = "you"
	switch answer {
	case "reject":
		return r.Reject(person, "by the quickstart"), nil
	case "revert":
		return r.RejectAndRevert(person, "by the quickstart"), nil
	}
	d := r.Approve(person, "by the quickstart")
	for _, b := range r.Plan.Broken {
		a.console.printf("Accepted although it breaks %s: %s\n", b.Rule, b.Message)
		d.Accept = append(d.Accept, b.Rule)
	}
	return d, nil
}
