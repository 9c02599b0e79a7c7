package tenant_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/tenantsync/tenantsync/tenant"
)

// People edit files; the library reads them and writes with a parent, so that
// an edit is never overwritten unseen.
func ExampleDirRepository() {
	ctx := context.Background()
	root, err := os.MkdirTemp("", "configuration")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(root)
	repository, err := tenant.NewDirRepository(root)
	if err != nil {
		log.Fatal(err)
	}
	defer repository.Close()

	desired, err := repository.Desired(ctx, tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = repository.Update(ctx, tenant.UpdateRequest{
		Tenant: "contoso", Parent: desired.Revision, Key: "run 1, adopt",
		Changes: []tenant.Change{{Kind: "groups", Key: "CA: BreakGlass", Body: json.RawMessage(`{"securityEnabled":true,"displayName":"CA: BreakGlass"}`)}},
	})
	if err != nil {
		log.Fatal(err)
	}
	file := filepath.Join(root, "contoso", "desired", "groups", "CA%3A BreakGlass.json")
	content, err := os.ReadFile(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(content))

	// Somebody edits a file: the line has moved.
	desired, _ = repository.Desired(ctx, tenant.DesiredRequest{Tenant: "contoso"})
	if err := os.WriteFile(file, []byte(`{"displayName": "CA: BreakGlass", "mailEnabled": tru}`), 0o666); err != nil {
		log.Fatal(err)
	}
	_, err = repository.Update(ctx, tenant.UpdateRequest{Tenant: "contoso", Parent: desired.Revision, Key: "run 2, adopt"})
	fmt.Println("moved:", errors.Is(err, tenant.ErrMoved))

	// And it has a mistake in it.
	desired, _ = repository.Desired(ctx, tenant.DesiredRequest{Tenant: "contoso"})
	for _, p := range desired.Problems {
		fmt.Println(p.Kind, p.Key, "line", p.Line, "column", p.Column)
	}
	// Output:
	// {
	//   "displayName": "CA: BreakGlass",
	//   "securityEnabled": true
	// }
	// moved: true
	// groups CA: BreakGlass line 1 column 53
}

func ExampleFilePath() {
	for _, key := range []string{"CA001 - Global", "Windows 10/11: Defender", "CON", "foo"} {
		fmt.Println(tenant.FilePath(key, false))
	}
	// On systems that do not tell "foo" from "Foo", the second one gets a mark.
	fmt.Println(tenant.FilePath("foo", true))
	fmt.Println(tenant.KeyOfPath("Windows 10%2F11%3A Defender.json"))
	// Output:
	// CA001 - Global.json
	// Windows 10%2F11%3A Defender.json
	// %43ON.json
	// foo.json
	// foo~2c26b46b.json
	// Windows 10/11: Defender <nil>
}

func ExampleDecodeFile() {
	_, err := tenant.DecodeFile("groups/CA.json", []byte("{\n  \"displayName\": \"CA\",\n  \"displayName\": \"CB\"\n}"))
	fmt.Println(err)
	// Output:
	// groups/CA.json:3:3 (offset 27): the member "displayName" stands twice in one object ("/displayName"): keep one of the two
}

func ExampleError() {
	err := fmt.Errorf("deploy: %w", &tenant.Error{
		Class: tenant.AccessDenied, Op: "update", Kind: "conditionalAccessPolicies", ID: "42",
		Missing: []string{"Policy.ReadWrite.ConditionalAccess"}, RequestID: "f2c1",
	})
	fmt.Println(err)
	fmt.Println(tenant.ClassOf(err), tenant.MaybeApplied(err))
	fmt.Println(errors.Is(err, &tenant.Error{Class: tenant.AccessDenied}))
	// Output:
	// deploy: update conditionalAccessPolicies/42: forbidden (needs Policy.ReadWrite.ConditionalAccess) (request f2c1)
	// forbidden false
	// true
}
