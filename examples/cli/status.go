package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// status is the command "status".
func status(a *app) func(context.Context, []string) error {
	var watch bool
	var every time.Duration
	a.flags.BoolVar(&watch, "watch", false, "go on until Ctrl-C: on a terminal the table is redrawn, elsewhere what changed is printed")
	a.flags.DurationVar(&every, "every", time.Second, "how often -watch looks")
	return func(ctx context.Context, words []string) error {
		if every <= 0 {
			return usageError("-every must be more than 0")
		}
		return a.with(ctx, func(e *engine) error {
			if watch {
				return a.watch(ctx, e, words, every)
			}
			rows, err := a.rows(ctx, e, words)
			if err != nil {
				return err
			}
			if len(words) == 1 && !a.json {
				a.outcome(ctx, e, rows[0])
				return nil
			}
			a.show(map[string]any{"tenants": rows}, func() {
				for _, line := range a.statusTable(rows, 0) {
					a.printf("%s\n", safe(line))
				}
			})
			return nil
		})
	}
}

// rows returns the tenants that were added, synced or not, and the tenants that only
// the store contains.
func (a *app) rows(ctx context.Context, e *engine, words []string) ([]syncer.Row, error) {
	if len(words) == 1 {
		t, err := a.known(words[0])
		if err != nil {
			return nil, err
		}
		row, err := e.Status(ctx, t.Name)
		return []syncer.Row{labelled(row, t)}, explain(t.Name, err)
	}
	rows := []syncer.Row{}
	req := syncer.StatusesRequest{}
	for {
		listed, err := e.Statuses(ctx, req)
		page, next := listed.Items, listed.Next
		if err != nil {
			return nil, explain("", err)
		}
		rows = append(rows, page...)
		if req.Cursor = next; next == "" {
			break
		}
	}
	added, err := a.tenants()
	if err != nil {
		return nil, err
	}
	at := map[string]int{}
	for i, r := range rows {
		at[r.Tenant] = i
	}
	for _, t := range added {
		if i, ok := at[t.Name]; ok {
			rows[i] = labelled(rows[i], t)
			continue
		}
		row, err := e.Status(ctx, t.Name)
		if err != nil {
			return nil, explain(t.Name, err)
		}
		rows = append(rows, labelled(row, t))
	}
	slices.SortFunc(rows, func(a, b syncer.Row) int { return strings.Compare(a.Tenant, b.Tenant) })
	return rows, nil
}

// labelled returns the row with the labels of the tenant's file, which may be newer.
func labelled(row syncer.Row, t tenantFile) syncer.Row {
	row.Tenant = t.Name
	if len(t.Labels) > 0 {
		row.Labels = t.Labels
	}
	return row
}

// statusTable returns the lines of the table of tenants.
func (a *app) statusTable(rows []syncer.Row, width int) []string {
	var cells [][]cell
	for _, r := range rows {
		last := "never"
		if !r.LastSuccess.IsZero() {
			last = r.LastSuccess.UTC().Format("2006-01-02 15:04")
		}
		cells = append(cells, []cell{{text: r.Tenant}, {text: r.Label, color: colorOf(r.Status)}, {text: last},
			{text: inOrder(r.Labels)}, {text: detail(r)}})
	}
	return a.grid([]string{"TENANT", "STATUS", "LAST SUCCESS", "LABELS", "DETAIL"}, cells, width)
}

// detail describes a tenant's state in a few words.
func detail(r syncer.Row) string {
	switch {
	case len(r.Paused) > 0:
		return "held by " + r.Paused[0].Holder
	case r.Cancelling && r.Status.Active():
		return "is being cancelled"
	case r.Status.Active() && r.Error != nil: // an error of the store or of the repository
		return string(r.Error.Class) + ": " + r.Error.Message
	case r.Status == state.PendingApproval && r.Counts != nil:
		moved := ""
		if r.Newer != nil {
			moved = ", the repository has moved on"
		}
		return fmt.Sprintf("+%d ~%d -%d, plan %s, until %s%s", r.Counts.Create, r.Counts.Update, r.Counts.Delete, r.Code(), r.Deadline.UTC().Format("2006-01-02"), moved)
	case r.Status == state.PendingAuthentication && r.Prompt != nil:
		return fmt.Sprintf("code %s at %s", r.Prompt.UserCode, r.Prompt.URL)
	case r.Status.Active() && r.Progress.Total > 0:
		return fmt.Sprintf("%s %d of %d", phases[r.Progress.Phase], r.Progress.Done, r.Progress.Total)
	case r.Status.Active():
		return phases[r.Phase]
	case len(r.Missing) > 0:
		return "missing " + strings.Join(r.Missing[0].AnyOf, " or ") + more(len(r.Missing)-1)
	case r.Error != nil:
		return string(r.Error.Class) + ": " + r.Error.Message
	}
	return r.Undone.Qualify(r.Outcome)
}

func more(n int) string {
	if n < 1 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// watch shows the tenants as they change, until the context ends.
func (a *app) watch(ctx context.Context, e *engine, words []string, every time.Duration) error {
	seen := map[string]string{}
	drawn := 0
	for {
		rows, err := a.rows(ctx, e, words)
		if ctx.Err() != nil {
			return nil // Ctrl-C is the normal end
		}
		if err != nil {
			return err
		}
		if a.table && !a.json {
			drawn = a.redraw(a.statusTable, rows, drawn)
		} else {
			for _, r := range rows {
				form, err := json.Marshal(r)
				if err != nil {
					return err
				}
				if seen[r.Tenant] == string(form) {
					continue
				}
				seen[r.Tenant] = string(form)
				if a.json {
					a.jsonLine(r)
				} else {
					a.printf("%s %s: %s %s\n", r.UpdatedAt.UTC().Format(time.RFC3339), r.Tenant, r.Label, detail(r))
				}
			}
		}
		if sleep(ctx, every) != nil {
			return nil
		}
	}
}

// redraw prints a table over the previous table, cut to the size of the terminal, and
// returns the number of printed lines.
func (a *app) redraw(table func([]syncer.Row, int) []string, rows []syncer.Row, drawn int) int {
	width, height := a.size()
	lines := table(rows, width-1)
	if most := max(height-1, 2); len(lines) > most {
		hidden := len(lines) - most + 1
		lines = append(lines[:most-1:most-1], cut(fmt.Sprintf("… and %d more", hidden), width-1))
	}
	var b strings.Builder
	if drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", drawn)
	}
	b.WriteString("\r")
	for _, line := range lines {
		b.WriteString(line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J") // erase the rest of a longer previous table
	a.printf("%s", safe(b.String()))
	return len(lines)
}
