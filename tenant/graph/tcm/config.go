package tcm

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
)

// Defaults of [Config].
const (
	EveryDefault          = 156 * time.Hour
	WaitDefault           = 15 * time.Minute
	PollDefault           = 10 * time.Second
	RequestTimeoutDefault = 2 * time.Minute
	MonthlyDefault        = 20_000
	MaxAnswerBytesDefault = 64 << 20
	NameDefault           = "tenantsync"
)

// The limits of the service:
// https://learn.microsoft.com/graph/api/resources/unified-tenant-configuration-management-api-overview#snapshot
const (
	monthlyLimit = 20_000             // resources of a tenant, in all snapshots of a month
	visibleJobs  = 12                 // more are not created before one is deleted
	retention    = 7 * 24 * time.Hour // after it the service deletes a snapshot and its job
)

// month is the longest month.
const month = 31 * 24 * time.Hour

// Config configures a [Client]. Only Credential is required.
type Config struct {
	// Credential gives the tokens: one of azidentity's, or, from the engine's,
	// entra.TokenCredential. Required.
	Credential azcore.TokenCredential
	// Endpoint is Graph's address, "https://host", for a fake. Defaults to the global
	// cloud's. No request and no token ever goes to another host.
	Endpoint string

	// Kinds are the names of the kinds to read. Defaults to all that [Kinds] returns.
	Kinds []string
	// Every is how old a snapshot may be before the client has the service take the
	// next one: at most 7 days, for which the service keeps snapshots. Defaults to
	// 156 hours, which is half a day less than a week, so that a daily sync takes one
	// snapshot a week.
	Every time.Duration
	// Name begins the display names of the client's snapshot jobs: 1 to 17 letters,
	// digits and spaces. Clients with the same name use one another's snapshots.
	// Defaults to "tenantsync".
	Name string
	// Monthly is the most resources that this client may extract in a month. The
	// service allows 20,000 for each tenant. Defaults to all of them.
	Monthly int

	// Wait bounds the time that one read waits for a snapshot, with all its requests.
	// The next sync finds the snapshot that took longer. Defaults to 15 minutes.
	Wait time.Duration
	// Poll is the pause between two looks at a running job. Defaults to 10 seconds.
	Poll time.Duration
	// RequestTimeout bounds one request, to the end of its answer. Defaults to
	// 2 minutes.
	RequestTimeout time.Duration
	// MaxAnswerBytes is the most bytes of one answer, unpacked: of a whole snapshot.
	// Defaults to 64 MiB.
	MaxAnswerBytes int64

	// HTTPClient sends the requests. Redirects are never followed. Defaults to one
	// with a pool of its own.
	HTTPClient *http.Client
	// Logger gets refusals and waits, without tokens or bodies. Defaults to one that
	// discards.
	Logger *slog.Logger
}

// names are the names that jobs can begin with; a time of 14 digits is added. The
// documentation names no limits. Public tools found that the service takes unique display
// names of 8 to 32 letters, digits and spaces.
var names = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9 ]{0,15}[A-Za-z0-9])?$`)

// withDefaults returns a copy with every optional field filled in, or an error that
// names the fields that cannot be used.
func (c Config) withDefaults() (Config, error) {
	var problems []string
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	if c.Credential == nil {
		refuse("Credential is required")
	}
	c.Endpoint = cmp.Or(c.Endpoint, "https://graph.microsoft.com")
	if u, err := url.Parse(c.Endpoint); err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		refuse("Endpoint %q is not of the form https://host", c.Endpoint)
	}
	for _, name := range c.Kinds {
		if !slices.ContainsFunc(resourceTypes, func(r resourceType) bool { return r.kind == name }) {
			refuse("Kinds names %q, which is not a kind of this client", name)
		}
	}
	c.Every = cmp.Or(c.Every, EveryDefault)
	if c.Every < time.Hour || c.Every > retention {
		refuse("Every must be between 1 hour and 7 days, is %s", c.Every)
	}
	c.Name = cmp.Or(c.Name, NameDefault)
	if !names.MatchString(c.Name) {
		refuse("Name %q is not 1 to 17 letters, digits and spaces", c.Name)
	}
	c.Monthly = cmp.Or(c.Monthly, MonthlyDefault)
	if c.Monthly < 1 || c.Monthly > monthlyLimit {
		refuse("Monthly must be between 1 and %d, is %d", monthlyLimit, c.Monthly)
	}
	c.Wait = cmp.Or(c.Wait, WaitDefault)
	c.Poll = cmp.Or(c.Poll, PollDefault)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, RequestTimeoutDefault)
	c.MaxAnswerBytes = cmp.Or(c.MaxAnswerBytes, MaxAnswerBytesDefault)
	if c.Wait <= 0 || c.Poll <= 0 || c.RequestTimeout <= 0 || c.MaxAnswerBytes <= 0 {
		refuse("Wait, Poll, RequestTimeout and MaxAnswerBytes must be more than 0")
	}
	c.Logger = cmp.Or(c.Logger, slog.New(slog.DiscardHandler))
	if len(problems) > 0 {
		return c, fmt.Errorf("tcm: config: %s", strings.Join(problems, "; "))
	}
	return c, nil
}

// types are the resource types of Kinds.
func (c Config) types() []resourceType {
	if len(c.Kinds) == 0 {
		return resourceTypes
	}
	var chosen []resourceType
	for _, r := range resourceTypes {
		if slices.Contains(c.Kinds, r.kind) {
			chosen = append(chosen, r)
		}
	}
	return chosen
}
