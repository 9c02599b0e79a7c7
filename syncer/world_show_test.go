package syncer_test

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// on NAME: the commands that follow are about that tenant.
func (w *world) on(c script.Command) string {
	w.tenant = arg(c, 0)
	return ""
}

// status: prints the tenant's row.
func (w *world) status(c script.Command) (string, error) {
	row, err := w.worker(c).Status(context.Background(), w.tenant)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s", row.Label)
	if row.Phase != "" {
		fmt.Fprintf(&b, ", %s", row.Phase)
	}
	if row.Outcome != "" {
		fmt.Fprintf(&b, ", %s", row.Undone.Qualify(row.Outcome))
	}
	b.WriteByte('\n')
	if row.Reason != "" {
		fmt.Fprintf(&b, "  reason: %s\n", row.Reason)
	}
	if row.Error != nil {
		fmt.Fprintf(&b, "  error in %s: %s: %s\n", row.Error.Phase, row.Error.Class, row.Error.Message)
	}
	if row.Prompt != nil {
		fmt.Fprintf(&b, "  code: %s\n", row.Prompt.UserCode)
	}
	if !row.Deadline.IsZero() {
		fmt.Fprintf(&b, "  deadline: %s left\n", time.Until(row.Deadline).Round(time.Second))
	}
	if row.Newer != nil {
		fmt.Fprintf(&b, "  %s\n", row.Newer)
	}
	for _, m := range row.Missing {
		fmt.Fprintf(&b, "  missing: %s for %s, see %s\n", strings.Join(m.AnyOf, " or "), strings.Join(m.Kinds, ", "), row.ConsentURL)
	}
	for _, p := range row.Paused {
		fmt.Fprintf(&b, "  paused by %s: %s\n", p.Holder, p.Reason)
	}
	for _, v := range row.Votes {
		fmt.Fprintf(&b, "  approved by %s\n", v.Actor)
	}
	for _, d := range row.Demands {
		if d.Rule != "" {
			fmt.Fprintf(&b, "  %s\n", d)
		}
	}
	return b.String(), nil
}

// statuses: prints all tenants with their labels.
func (w *world) statuses(c script.Command) (string, error) {
	listed, err := w.worker(c).Statuses(context.Background(), syncer.StatusesRequest{})
	rows := listed.Items
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "%s: %s\n", r.Tenant, r.Label)
	}
	return b.String(), err
}

// runs [tenant=NAME] [outcome=OUTCOME] [actor=NAME] [status=STATUS] [same=TENANT]
// [limit=N]: prints a page of runs, the newest first; same keeps those that plan
// the changes of that tenant's last run.
func (w *world) runs(c script.Command) (string, error) {
	ctx := context.Background()
	req := syncer.RunsRequest{Tenant: option(c, "tenant", ""), Actor: option(c, "actor", "")}
	if o := option(c, "outcome", ""); o != "" {
		req.Outcomes = []syncer.Outcome{syncer.Outcome(o)}
	}
	if s := option(c, "status", ""); s != "" {
		req.Statuses = []state.Status{state.Status(s)}
	}
	req.Limit, _ = strconv.Atoi(option(c, "limit", "0"))
	if same := option(c, "same", ""); same != "" {
		p, err := w.worker(c).Plan(ctx, syncer.RunRef{Tenant: same})
		if err != nil {
			return "", err
		}
		req.ChangeDigest = p.ChangeDigest
	}
	var b strings.Builder
	for {
		page, err := w.worker(c).Runs(ctx, req)
		if err != nil {
			return "", err
		}
		for _, r := range page.Items {
			fmt.Fprintf(&b, "%s %s: %s", r.Run, r.Tenant, r.Label)
			if r.Outcome != "" {
				fmt.Fprintf(&b, ", %s", r.Undone.Qualify(r.Outcome))
			}
			fmt.Fprintf(&b, ", asked for by %s", r.Actor)
			if len(r.DecidedBy) > 0 {
				fmt.Fprintf(&b, ", %s by %s", r.Verdict, strings.Join(r.DecidedBy, ", "))
			}
			if r.Counts != nil {
				fmt.Fprintf(&b, ", %d to create, %d to update", r.Counts.Create, r.Counts.Update)
			}
			b.WriteByte('\n')
		}
		if !page.More {
			return b.String(), nil
		}
		b.WriteString("next page\n")
		req.Cursor = page.Next
	}
}

// plan: prints the plan as a person sees it, without its digest.
func (w *world) showPlan(c script.Command) (string, error) {
	p, err := w.worker(c).Plan(context.Background(), syncer.RunRef{Tenant: w.tenant})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = p.Text(&out)
	return out.String(), err
}

// report [run=ID]: prints a run's report, by default the last one's.
func (w *world) report(c script.Command) (string, error) {
	rep, err := w.worker(c).Report(context.Background(), syncer.RunRef{Tenant: w.tenant, Run: option(c, "run", "")})
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = rep.Text(&out)
	return out.String(), err
}

// error: prints the last run's error as a person would copy it.
func (w *world) copyError(c script.Command) string {
	rep, err := w.worker(c).Report(context.Background(), syncer.RunRef{Tenant: w.tenant})
	if err != nil {
		return failed(err)
	}
	text := rep.CopyError()
	if i := strings.Index(text, "Time:"); i >= 0 {
		text = text[:i] + "Time:    <time>\n"
	}
	return text
}

// history: prints the last run's history.
func (w *world) history(c script.Command) (string, error) {
	row, err := w.worker(c).Status(context.Background(), w.tenant)
	if err != nil {
		return "", err
	}
	listed, err := w.worker(c).History(context.Background(), syncer.HistoryRequest{Tenant: w.tenant, Run: option(c, "run", row.Run), Limit: 1000})
	entries := listed.Items
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s", e.Type)
		for _, s := range []string{string(e.Event), string(e.Phase), e.Actor, e.Message} {
			if s != "" {
				fmt.Fprintf(&b, " %s", s)
			}
		}
		if e.Intent != nil {
			fmt.Fprintf(&b, " %s attempt %d", e.Intent.Item, e.Intent.Attempt)
		}
		if e.Result != nil {
			fmt.Fprintf(&b, " %s %s", e.Result.Item, e.Result.Status)
		}
		if e.Error != nil {
			fmt.Fprintf(&b, ", error in %s: %s", e.Error.Phase, e.Error.Class)
		}
		b.WriteByte('\n')
	}
	return b.String(), err
}
