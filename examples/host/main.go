// Host is the smallest whole host: a client, an approver and a credential of
// its own, and one sync of one tenant. With -own-store it also keeps the state
// in a store of its own (store.go).
//
// A test counts the names of the library that the program uses.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

func main() {
	ownStore := flag.Bool("own-store", false, "keep the state in a store of the program's own")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *ownStore); err != nil {
		log.Fatal(err)
	}
}

// run syncs the tenant contoso once: its repository has a note that the tenant
// lacks, and the tenant has one that the repository lacks.
func run(ctx context.Context, out io.Writer, ownStore bool) error {
	client := &noteClient{notes: map[string]json.RawMessage{"note-0": json.RawMessage(`{"displayName":"Opening hours","text":"9 to 5"}`)}}
	repository := tenant.NewMemoryRepository()
	if err := repository.Edit("contoso", "notes", "Welcome", []byte(`{"displayName":"Welcome","text":"Hello"}`)); err != nil {
		return err
	}
	config := syncer.Config{
		Store:         new(state.Memory),
		Repository:    repository,
		Authenticator: auth.Static(fixedCredential{}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			return client, nil
		}),
		Approver: helpDesk{out},
	}
	if ownStore {
		config.Store = newMapStore()
	}
	engine, err := syncer.New(config)
	if err != nil {
		return err
	}
	row, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "contoso is", row.Label, "after", row.Outcome)
	report, err := engine.Report(ctx, row.RunRef)
	if err != nil {
		return err
	}
	for _, adopted := range report.Adopted {
		fmt.Fprintln(out, "into the repository:", adopted.Key)
	}
	for _, item := range report.Items {
		fmt.Fprintln(out, "into the tenant:", item.Key, item.Status)
	}
	return nil
}

// helpDesk approves every plan that breaks no rule, and shows it.
type helpDesk struct{ out io.Writer }

func (d helpDesk) Review(_ context.Context, r syncer.Review) (syncer.Decision, error) {
	for _, item := range r.Plan.Items {
		fmt.Fprintln(d.out, r.Requester, "asks to", item.Verb, item.ID)
	}
	if len(r.Plan.Broken) > 0 {
		return r.Reject("help desk", "it breaks a rule"), nil
	}
	return r.Approve("help desk", "as agreed"), nil
}
