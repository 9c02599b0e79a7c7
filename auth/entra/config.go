package entra

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
)

// Cloud is one of Microsoft's clouds. Tokens of one are useless in another.
type Cloud string

// The clouds.
const (
	Global  Cloud = "global"
	USGovL4 Cloud = "usgov-l4" // GCC High
	USGovL5 Cloud = "usgov-l5" // DoD
	China   Cloud = "china"    // operated by 21Vianet
)

// hosts says where each cloud signs in and where its Graph is.
var hosts = map[Cloud]struct{ authority, graph string }{
	Global:  {"https://login.microsoftonline.com", "https://graph.microsoft.com"},
	USGovL4: {"https://login.microsoftonline.us", "https://graph.microsoft.us"},
	USGovL5: {"https://login.microsoftonline.us", "https://dod-graph.microsoft.us"},
	China:   {"https://login.chinacloudapi.cn", "https://microsoftgraph.chinacloudapi.cn"},
}

// Config configures an [Authenticator].
type Config struct {
	// ClientID is the application (client) id of the app registration. Required.
	ClientID string

	// Cloud is where the tenants are. Defaults to Global.
	Cloud Cloud
	// Authority is the token server, as "https://host", for one that is not of
	// the Cloud: a private cloud or a fake. Defaults to the Cloud's.
	Authority string
	// Scopes are asked for at sign-in and where a TokenRequest names none.
	// Defaults to all that the app registration asks of the Cloud's Graph
	// ("https://graph.microsoft.com/.default").
	Scopes []string
	// Capabilities are sent as client capabilities; "CP1" says that the caller
	// handles claims challenges, and gets it tokens that live longer but can be
	// ended at once. Defaults to none.
	Capabilities []string

	// Cache keeps the sealed token caches, and Sealer seals them: both or
	// neither. Defaults to the process's memory: after a restart every person
	// has to sign in again.
	Cache  auth.CacheStore
	Sealer *auth.Sealer

	// AllowedHomeDirectories lists the directory ids whose accounts may sign in
	// to tenants other than their own: those of partners (GDAP). Defaults to
	// none: an account must be of the tenant's own directory.
	AllowedHomeDirectories []string

	// HTTPClient sends the requests. Redirects are never followed, since they
	// would carry secrets to another host. Defaults to http.DefaultClient.
	HTTPClient *http.Client
	// Logger gets what happens, without secrets. Defaults to none.
	Logger *slog.Logger
}

// withDefaults returns a copy with every optional field filled in.
func (c Config) withDefaults() (Config, error) {
	if c.Cloud == "" {
		c.Cloud = Global
	}
	host, ok := hosts[c.Cloud]
	if !ok {
		return c, fmt.Errorf("entra: Cloud %q is not one of %q, %q, %q, %q", c.Cloud, Global, USGovL4, USGovL5, China)
	}
	if c.Authority == "" {
		c.Authority = host.authority
	}
	c.Authority = strings.TrimSuffix(c.Authority, "/")
	if len(c.Scopes) == 0 {
		c.Scopes = []string{host.graph + "/.default"}
	}
	c.Scopes = slices.Clone(c.Scopes)
	c.Capabilities = slices.Clone(c.Capabilities)
	c.AllowedHomeDirectories = slices.Clone(c.AllowedHomeDirectories)
	if c.HTTPClient == nil {
		c.HTTPClient = http.DefaultClient
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if (c.Cache == nil) != (c.Sealer == nil) {
		return c, errors.New("entra: Cache and Sealer are needed together, since a cache is stored sealed only")
	}
	if c.Cache == nil {
		var err error
		c.Cache = new(auth.MemoryCacheStore)
		if c.Sealer, err = auth.NewSealer(auth.GenerateKey("process")); err != nil {
			return c, err
		}
	}
	return c, c.validate()
}

func (c Config) validate() error {
	if c.ClientID == "" {
		return errors.New("entra: ClientID is required: the application (client) id of the app registration")
	}
	u, err := url.Parse(c.Authority)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf(`entra: Authority %q must be "https://host" without a path; the directory is added to it`, c.Authority)
	}
	if strings.Contains(u.Host, "token") {
		return fmt.Errorf(`entra: Authority %q: MSAL cannot ask for device codes at a host with "token" in its name`, c.Authority)
	}
	for _, id := range c.AllowedHomeDirectories {
		if !isDirectoryID(id) {
			return fmt.Errorf("entra: AllowedHomeDirectories: %q is not a directory id (a UUID)", id)
		}
	}
	return nil
}

// isDirectoryID reports whether s is a UUID: nothing else can be compared with
// a token's directory, or is put into a URL.
func isDirectoryID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, r := range s {
		hyphen := i == 8 || i == 13 || i == 18 || i == 23
		if hyphen != (r == '-') || (!hyphen && !strings.ContainsRune("0123456789abcdefABCDEF", r)) {
			return false
		}
	}
	return true
}
