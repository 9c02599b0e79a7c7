package graph

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Defaults of [Config].
const (
	ReadBudgetDefault     = 5 * time.Minute
	RunBudgetDefault      = 30 * time.Minute
	ReadTimeoutDefault    = 2 * time.Hour
	RequestTimeoutDefault = 2 * time.Minute
	WriteTimeoutDefault   = time.Minute
	MaxPagesDefault       = 10_000
	MaxAnswerBytesDefault = 64 << 20
	MaxReadBytesDefault   = 1 << 30
)

// clouds says where each cloud has its Graph and signs in.
var clouds = map[catalogue.Cloud]struct{ graph, login string }{
	catalogue.Global:  {"https://graph.microsoft.com", "https://login.microsoftonline.com"},
	catalogue.USGovL4: {"https://graph.microsoft.us", "https://login.microsoftonline.us"},
	catalogue.USGovL5: {"https://dod-graph.microsoft.us", "https://login.microsoftonline.us"},
	catalogue.China:   {"https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"},
}

// Config configures a [Client]. Only Credential is required.
type Config struct {
	// Credential gives the tokens: one of azidentity's, or, from the engine's,
	// entra.TokenCredential. Required.
	Credential azcore.TokenCredential
	// Delegated gives the tokens of a signed-in person for the kinds that
	// applications cannot have ([catalogue.Scopes]), where Credential is an
	// application's. Defaults to none: those kinds are then forbidden.
	Delegated azcore.TokenCredential

	// Cloud is where the tenant is. Defaults to [catalogue.Global].
	Cloud catalogue.Cloud
	// Endpoint is Graph's address, "https://host", for one that is not of the
	// Cloud: a fake. Defaults to the Cloud's. No request and no token ever
	// goes to another host.
	Endpoint string
	// Directory is the tenant's directory id. Defaults to the token's.
	Directory string
	// ClientID is the application (client) id of the app registration, for the
	// page on which an administrator consents. Defaults to the token's.
	ClientID string

	// Catalogue says which kinds there are. Defaults to [catalogue.Default].
	Catalogue *catalogue.Catalogue
	// Unproven names kinds whose unproven verbs are on; "*" stands for all.
	// Defaults to none: what neither an example of Microsoft's documentation nor
	// two public tools show is read, and never written.
	Unproven []string
	// PinV1 names kinds that are read and written at v1.0 although the catalogue
	// has them at beta, which Microsoft may change; "*" stands for all that v1.0
	// has. Reads then lack the properties that only beta has, and an object that
	// needs them is not written. Existing assignments cannot be changed: v1.0
	// hides their filters, and would remove them.
	// Defaults to none.
	PinV1 []string
	// Parts names pieces of objects that are read and written as well: "KIND/PIECE",
	// or "*" for all.
	//
	//	[]string{"groups/members", "groups/owners", "administrativeUnits/members"}
	//
	// The entries of the catalogue have them as OptIns. Each costs one more request
	// for each object that is read (20 go in one batch), more where it has several
	// pages, and one for each member that is written; and it may need permissions
	// beside those of the kind, which [Client.Permissions] names. A file that
	// does not have the piece leaves it alone.
	// Defaults to none: the pieces are not compared and not written.
	Parts []string
	// NotSecret lists texts that plans and files are to show, by kind:
	//
	//	{"deviceConfigurations": {"/kioskModeExitCode"}}
	//
	// By default a text or binary value is a secret if its name says so
	// ([tenant.SaysSecret]) or its type in Microsoft's metadata does, and the plan,
	// the report, the log and the files of a backup have "[redacted]" in its place.
	// Numbers, booleans, enumerations, times and GUIDs are not secrets. The paths are as in
	// [tenant.Readable]. Secrets that the catalogue declares (Sensitive,
	// SensitiveTypes, Masked) stay secret.
	// Defaults to none.
	NotSecret map[string][]string
	// ReportOnly makes new Conditional Access policies that are to be enabled
	// land as report-only instead. The next sync proposes to enable them.
	ReportOnly bool

	// Justification is the reason that each write to Intune gives to the administrators
	// of a tenant with Multi Admin Approval: they see it beside the request that they
	// approve. Where an access policy protects a kind, the service refuses writes
	// without it. A Connector can choose it for each tenant or run. At most 900 bytes.
	// With it, [Client.Permissions] asks for the permission to read the requests.
	// Defaults to none: such writes fail.
	Justification string

	// BreakGlass are the object ids of accounts that must always get in: see
	// [Client.Guard]. The account that is signed in is always one of them.
	BreakGlass []string
	// DeviceCode says that the run signs in by device code, so that the guard
	// names policies that block it.
	DeviceCode bool

	// ReadBudget is the time that refusals (429, 5xx, cut connections) may take in
	// one call of Read or Get before it gives up: the time of the requests
	// that failed and of the pauses. A pause that the service asks for and that
	// exceeds the rest of the budget ends the call at once, as throttled. One that is
	// longer than ReadBudget holds up no other request. Defaults to 5 minutes.
	ReadBudget time.Duration
	// RunBudget is the same for all reads of the client's life together.
	// Defaults to 30 minutes.
	RunBudget time.Duration
	// ReadTimeout bounds one call of Read or Get as a whole, however well the
	// service answers. What was read before it ends is passed on, and the result
	// is not complete. Defaults to 2 hours.
	ReadTimeout time.Duration
	// RequestTimeout bounds one request of a read, to the end of its answer. One
	// that takes longer is sent again, within ReadBudget. Defaults to 2 minutes.
	RequestTimeout time.Duration
	// WriteTimeout bounds one write, beside the caller's context. Defaults to
	// 1 minute.
	WriteTimeout time.Duration

	// MaxPages is the most pages of one collection: of a kind's list, or of a list
	// below an object. Defaults to 10,000.
	MaxPages int
	// MaxAnswerBytes is the most bytes of one answer, unpacked. Defaults to
	// 64 MiB.
	MaxAnswerBytes int64
	// MaxReadBytes is the most bytes of all answers to one call of Read or Get.
	// Defaults to 1 GiB.
	MaxReadBytes int64

	// HTTPClient sends the requests. Redirects are never followed. Defaults to
	// one with a pool of its own.
	HTTPClient *http.Client
	// Logger gets refusals and waits, without tokens or bodies. Defaults to
	// one that discards.
	Logger *slog.Logger
}

// withDefaults returns a copy with every optional field filled in, or an error
// that names the fields that cannot be used.
func (c Config) withDefaults() (Config, error) {
	var problems []string // each begins with the field's name
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if c.Credential == nil {
		refuse("Credential is required")
	}
	c.Cloud = cmp.Or(c.Cloud, catalogue.Global)
	cloud, ok := clouds[c.Cloud]
	if !ok {
		refuse("Cloud %q is not one of %q, %q, %q, %q", c.Cloud, catalogue.Global, catalogue.USGovL4, catalogue.USGovL5, catalogue.China)
	}
	c.Endpoint = cmp.Or(c.Endpoint, cloud.graph)
	if u, err := url.Parse(c.Endpoint); ok && (err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil) {
		refuse("Endpoint %q is not of the form https://host", c.Endpoint)
	}
	if c.Catalogue == nil {
		c.Catalogue = catalogue.Default()
	} else if err := c.Catalogue.Validate(); err != nil {
		refuse("Catalogue: %v", err)
	}
	c.Catalogue = withSecrets(c.withParts(c.pinned(refuse), refuse))
	c.withReadable(refuse)
	for _, name := range c.Unproven {
		if _, known := c.Catalogue.Entry(name); name != "*" && !known {
			refuse("Unproven names the kind %q, which is not in the catalogue", name)
		}
	}
	if len(c.Justification) > maxJustification || !utf8.ValidString(c.Justification) {
		refuse("Justification must be UTF-8 of at most %d bytes", maxJustification)
	}
	c.ReadBudget = cmp.Or(c.ReadBudget, ReadBudgetDefault)
	c.RunBudget = cmp.Or(c.RunBudget, RunBudgetDefault)
	c.ReadTimeout = cmp.Or(c.ReadTimeout, ReadTimeoutDefault)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, RequestTimeoutDefault)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, WriteTimeoutDefault)
	c.MaxPages = cmp.Or(c.MaxPages, MaxPagesDefault)
	c.MaxAnswerBytes = cmp.Or(c.MaxAnswerBytes, MaxAnswerBytesDefault)
	c.MaxReadBytes = cmp.Or(c.MaxReadBytes, MaxReadBytesDefault)
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"ReadBudget", c.ReadBudget}, {"RunBudget", c.RunBudget}, {"ReadTimeout", c.ReadTimeout}, {"RequestTimeout", c.RequestTimeout}, {"WriteTimeout", c.WriteTimeout}} {
		if f.value <= 0 {
			refuse("%s must be more than 0, is %s", f.name, f.value)
		}
	}
	for _, f := range []struct {
		name  string
		value int64
	}{{"MaxPages", int64(c.MaxPages)}, {"MaxAnswerBytes", c.MaxAnswerBytes}, {"MaxReadBytes", c.MaxReadBytes}} {
		if f.value <= 0 {
			refuse("%s must be more than 0, is %d", f.name, f.value)
		}
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if len(problems) > 0 {
		return c, fmt.Errorf("graph: config: %s", strings.Join(problems, "; "))
	}
	return c, nil
}

// withParts returns the catalogue with the pieces of Parts.
func (c Config) withParts(all *catalogue.Catalogue, refuse func(format string, args ...any)) *catalogue.Catalogue {
	out, err := all.WithParts(c.Parts...)
	if err != nil {
		refuse("%s", strings.TrimPrefix(err.Error(), "graph: "))
		return all
	}
	return out
}

// pinned returns the catalogue with the kinds of PinV1 at v1.0.
func (c Config) pinned(refuse func(format string, args ...any)) *catalogue.Catalogue {
	if len(c.PinV1) == 0 {
		return c.Catalogue
	}
	out := *c.Catalogue
	out.Entries = slices.Clone(out.Entries)
	for i, e := range out.Entries {
		if _, has := graphmeta.V1().Endpoint(e.Endpoint); has && c.pins(e.Name) {
			out.Entries[i].Version = graphmeta.V1Name
		}
	}
	for _, name := range c.PinV1 {
		if e, known := out.Entry(name); name != "*" && !known {
			refuse("PinV1 names the kind %q, which is not in the catalogue", name)
		} else if name != "*" && e.Version != graphmeta.V1Name {
			refuse("PinV1 names the kind %q, which v1.0 does not have", name)
		}
	}
	return &out
}

// pins reports whether the host has the kind at v1.0.
func (c Config) pins(kind string) bool {
	return slices.Contains(c.PinV1, "*") || slices.Contains(c.PinV1, kind)
}

// writes reports whether the host has the entry's unproven verbs on.
func (c Config) writes(kind string) bool {
	return slices.Contains(c.Unproven, "*") || slices.Contains(c.Unproven, kind)
}
