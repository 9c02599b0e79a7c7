package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/keep"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// of returns a command for one tenant, which must have been added.
func (a *app) of(do func(ctx context.Context, e *engine, t tenantFile) error) func(context.Context, []string) error {
	return func(ctx context.Context, words []string) error {
		return a.with(ctx, func(e *engine) error {
			t, err := a.known(words[0])
			if err != nil {
				return err
			}
			return do(ctx, e, t)
		})
	}
}

// showThePlan is the command "plan".
func showThePlan(a *app) func(context.Context, []string) error {
	markdown := false
	run := a.flags.String("run", "", "of this run; defaults to the current or last one")
	a.flags.BoolVar(&markdown, "markdown", false, "as GitHub Flavored Markdown, for a pull request")
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		p, err := e.Plan(ctx, syncer.RunRef{Tenant: t.Name, Run: *run})
		if err != nil {
			return explain(t.Name, err)
		}
		row, err := e.Status(ctx, t.Name)
		if err != nil {
			return explain(t.Name, err)
		}
		if a.json {
			raw, err := p.Encode()
			if err != nil {
				return explain(t.Name, err)
			}
			a.jsonTo(a.out, json.RawMessage(raw))
			return nil
		}
		if markdown {
			return a.text(p.Markdown)
		}
		if err := a.text(func(w io.Writer) error { return p.TextWidth(w, terminalWidth(a.out)) }); err != nil {
			return err
		}
		if row.Status == state.PendingApproval && row.Digest == p.Digest {
			a.printf("Code of the plan:      %s\n", row.Code())
			a.printf("Next: %s (or reject, or revert)\n", safe(approveCommand(row)))
		}
		return nil
	})
}

// showReport is the command "report".
func showReport(a *app) func(context.Context, []string) error {
	run := a.flags.String("run", "", "of this run; defaults to the last one")
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		report, err := e.Report(ctx, syncer.RunRef{Tenant: t.Name, Run: *run})
		if err != nil {
			return explain(t.Name, err)
		}
		if a.json {
			a.jsonTo(a.out, report)
			return nil
		}
		if err := a.text(report.Text); err != nil {
			return err
		}
		if text := report.CopyError(); text != "" {
			a.printf("\nTo copy, for whoever helps:\n  %s\n", safe(cleanLines(strings.TrimSpace(text))))
		}
		return nil
	})
}

// showHistory is the command "history".
func showHistory(a *app) func(context.Context, []string) error {
	req := syncer.HistoryRequest{}
	var types list
	a.flags.StringVar(&req.Run, "run", "", "only this run's")
	a.flags.BoolVar(&req.Newest, "newest", false, "the newest first")
	a.flags.IntVar(&req.Limit, "limit", 100, "how many at most")
	a.flags.StringVar(&req.Cursor, "cursor", "", "go on after a former page")
	a.flags.Var(&types, "type", "only entries of this type (move, phase, prompt, vote, intent, result, …); can be given several times")
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		if req.Limit < 1 {
			return usageError("-limit must be at least 1")
		}
		req.Tenant = t.Name
		for _, each := range types {
			req.Types = append(req.Types, syncer.EntryType(each))
		}
		listed, err := e.History(ctx, req)
		entries, next := listed.Items, listed.Next
		if err != nil {
			return explain(t.Name, err)
		}
		a.show(map[string]any{"entries": append([]syncer.Entry{}, entries...), "next": next}, func() {
			var rows [][]cell
			for _, entry := range entries {
				rows = append(rows, []cell{{text: entry.Time.UTC().Format("2006-01-02 15:04:05")}, {text: entry.Actor}, {text: string(entry.Type)}, {text: entryText(entry)}})
			}
			a.print([]string{"TIME (UTC)", "WHO", "TYPE", "WHAT"}, rows)
			if next != "" {
				a.printf("More: -cursor %s\n", next)
			}
		})
		return nil
	})
}

// entryText describes an entry of the history.
func entryText(e syncer.Entry) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	switch {
	case e.Type == syncer.EntryMove:
		add("%s → %s", e.From.Label(), e.To.Label())
	case e.Intent != nil:
		add("%s %s, attempt %d", e.Intent.Verb, e.Intent.Item, e.Intent.Attempt)
	case e.Result != nil:
		add("%s: %s %s", e.Result.Status, e.Result.Verb, e.Result.Item)
		if e.Result.Message != "" {
			add("%s", e.Result.Message)
		}
	case e.Type == syncer.EntryPrompt:
		add("a code to sign in was shown")
	case e.Type == syncer.EntryLog:
		add("a piece of the log was stored")
	case e.Phase != "":
		add("%s", cmp.Or(phases[e.Phase], string(e.Phase)))
	}
	for _, text := range []string{string(e.Outcome), e.Message, e.Comment} {
		if text != "" {
			add("%s", text)
		}
	}
	if e.Error != nil && e.Error.Message != e.Message {
		add("%s: %s", e.Error.Class, e.Error.Message)
	}
	if e.Digest != "" {
		add("plan %s", short(e.Digest))
	}
	return strings.Join(parts, "; ")
}

// showLogs is the command "logs".
func showLogs(a *app) func(context.Context, []string) error {
	run := a.flags.String("run", "", "of this run; defaults to the current or last one")
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		lines, err := e.Logs(ctx, syncer.RunRef{Tenant: t.Name, Run: *run})
		if err != nil {
			return explain(t.Name, err)
		}
		for line := range bytes.Lines(lines) {
			line = bytes.TrimSpace(line)
			if len(line) == 0 {
				continue
			}
			if a.json {
				a.jsonLine(json.RawMessage(line))
			} else {
				a.printf("%s\n", logText(line))
			}
		}
		return nil
	})
}

// logText formats a line of the log for people.
func logText(line []byte) string {
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		return string(line)
	}
	text := fmt.Sprintf("%v %v %v", fields["time"], fields["level"], fields["msg"])
	var rest []string
	for k, v := range fields {
		if k != "time" && k != "level" && k != "msg" {
			rest = append(rest, fmt.Sprintf("%s=%v", k, v))
		}
	}
	slices.Sort(rest)
	return strings.Join(append([]string{text}, rest...), " ")
}

// saveArtifacts is the command "artifacts".
func saveArtifacts(a *app) func(context.Context, []string) error {
	run := a.flags.String("run", "", "of this run; defaults to the current or last one")
	out := a.flags.String("out", "", "the file to write; defaults to TENANT.zip, - is standard output")
	force := a.flags.Bool("force", false, "replace the file if it is there")
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		var b bytes.Buffer
		if err := e.Artifacts(ctx, syncer.RunRef{Tenant: t.Name, Run: *run}, &b); err != nil {
			return explain(t.Name, err)
		}
		path := *out
		switch path {
		case "-":
			if a.table {
				return usageError("-out -: a zip archive is not for a terminal")
			}
			_, err := io.Copy(a.out, &b)
			return err
		case "":
			path = strings.ReplaceAll(strings.TrimSuffix(tenant.FilePath(t.Name, false), ".json"), "/", "_") + ".zip"
		}
		dir, err := keep.Open(filepath.Dir(path))
		if err != nil {
			return err
		}
		write := dir.Create
		if *force {
			write = dir.Write
		}
		size := b.Len()
		if err := write(filepath.Base(path), b.Bytes()); errors.Is(err, fs.ErrExist) {
			return &failure{exit: exitRefused, err: fmt.Errorf("%s is there already", path), next: "-force replaces it"}
		} else if err != nil {
			return err
		}
		a.show(map[string]any{"tenant": t.Name, "file": path, "bytes": size}, func() { a.printf("wrote %s (%d bytes)\n", path, size) })
		return nil
	})
}

// cancelRun is the command "cancel".
func cancelRun(a *app) func(context.Context, []string) error {
	run := a.flags.String("run", "", "only this run; defaults to the current one")
	comment := a.flags.String("comment", "", "kept with the run")
	d := a.drivingFlags()
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		row, err := e.Cancel(ctx, syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: t.Name, Run: *run}, Actor: a.set.text("actor"), Comment: *comment})
		if err != nil {
			return explain(t.Name, err)
		}
		return a.driveAndShow(ctx, e, row, d)
	})
}

// retryRun is the command "retry".
func retryRun(a *app) func(context.Context, []string) error {
	run := a.flags.String("run", "", "what this run did not do; defaults to the last one")
	d := a.drivingFlags()
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		row, err := e.Retry(ctx, syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: t.Name, Run: *run}, Actor: a.set.text("actor")})
		if err != nil {
			return explain(t.Name, err)
		}
		return a.driveAndShow(ctx, e, row, d)
	})
}

// recheck is the command "recheck".
func recheck(a *app) func(context.Context, []string) error {
	return a.of(func(ctx context.Context, e *engine, t tenantFile) error {
		row, err := e.Recheck(ctx, syncer.RecheckRequest{Tenant: t.Name, Actor: a.set.text("actor")})
		if err != nil {
			return explain(t.Name, err)
		}
		a.show(row, func() { a.outcome(ctx, e, row) })
		return ended(row)
	})
}
