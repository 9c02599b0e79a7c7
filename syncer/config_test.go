package syncer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// plugged is a configuration with the required fields alone.
func plugged() Config {
	m := state.NewMemory()
	return Config{
		Store:         m,
		Repository:    tenant.NewMemoryRepository(),
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector:     ConnectorFunc(func(context.Context, ConnectRequest) (tenant.Client, error) { return nil, errors.New("no tenant") }),
	}
}

func TestConfigDefaults(t *testing.T) {
	s, err := New(plugged())
	if err != nil {
		t.Fatal(err)
	}
	c := s.cfg
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"AuthTimeout", c.Settings.AuthTimeout, 3 * time.Minute},
		{"Approval.Timeout", c.Settings.Approval.Timeout, 30 * 24 * time.Hour},
		{"Approval.Approvals", c.Settings.Approval.Approvals, 1},
		{"Approval.AllowRequester", c.Settings.Approval.AllowRequester, false},
		{"RunTimeout", c.Settings.RunTimeout, 6 * time.Hour},
		{"Lease", c.LeaseDuration, time.Minute},
		{"WriteTimeout", c.WriteTimeout, 30 * time.Second},
		{"VerifyTimeout", c.Settings.VerifyTimeout, time.Minute},
		{"PollInterval", c.PollInterval, 500 * time.Millisecond},
		{"RecheckInterval", c.Settings.RecheckInterval, time.Hour},
		{"NewerInterval", c.Settings.NewerInterval, time.Hour},
		{"PermissionsInterval", c.Settings.PermissionsInterval, 24 * time.Hour},
		{"Concurrency", c.Concurrency, 8},
		{"ReadConcurrency", c.ReadConcurrency, 4},
		{"WriteConcurrency", c.WriteConcurrency, 4},
		{"Attempts", c.MaxAttempts, 5},
		{"Approver", c.Approver, nil},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, tt.got, tt.want)
		}
	}
	if first, second := c.NewRunID(), c.NewRunID(); c.WorkerID == "" || first == second {
		t.Errorf("got worker %q and run ids %q and %q, want a name, and ids that differ", c.WorkerID, first, second)
	}
	if other, _ := New(plugged()); other.cfg.WorkerID == c.WorkerID {
		t.Errorf("two engines of one process are both called %q", c.WorkerID)
	}
}

// A shorter lease makes the writes shorter too, unless the host says otherwise.
func TestWriteTimeoutFollowsLease(t *testing.T) {
	c := plugged()
	c.LeaseDuration = 20 * time.Second
	s, err := New(c)
	if err != nil || s.cfg.WriteTimeout != 10*time.Second {
		t.Errorf("got %v, %v, want half of the lease", s.cfg.WriteTimeout, err)
	}
}

// Every message begins with the name of the field that is to be changed.
func TestConfigRefused(t *testing.T) {
	tests := []struct {
		field string
		edit  func(*Config)
	}{
		{"Store", func(c *Config) { c.Store = nil }},
		{"Store.Records", func(c *Config) { c.Store = state.Split{Leaser: c.Store, Blobs: c.Store} }},
		{"Store.Leaser", func(c *Config) { c.Store = state.Split{Records: c.Store, Blobs: c.Store} }},
		{"Store.Blobs", func(c *Config) { c.Store = state.Split{Records: c.Store, Leaser: c.Store} }},
		{"Repository", func(c *Config) { c.Repository = nil }},
		{"Authenticator", func(c *Config) { c.Authenticator = nil }},
		{"Connector", func(c *Config) { c.Connector = nil }},
		{"Settings.AuthTimeout", func(c *Config) { c.Settings.AuthTimeout = -1 }},
		{"Settings.RunTimeout", func(c *Config) { c.Settings.RunTimeout = -1 }},
		{"WriteTimeout", func(c *Config) { c.WriteTimeout = -1 }},
		{"WriteTimeout", func(c *Config) { c.WriteTimeout = 40 * time.Second }},
		{"Settings.VerifyTimeout", func(c *Config) { c.Settings.VerifyTimeout = -1 }},
		{"LeaseDuration", func(c *Config) { c.LeaseDuration, c.WriteTimeout = -1, -2 }},
		{"PollInterval", func(c *Config) { c.PollInterval = -1 }},
		{"Settings.Approval.Timeout", func(c *Config) { c.Settings.Approval.Timeout = -1 }},
		{"Settings.Approval.Approvals", func(c *Config) { c.Settings.Approval.Approvals = -1 }},
		{"MaxAttempts", func(c *Config) { c.MaxAttempts = -1 }},
		{"Concurrency", func(c *Config) { c.Concurrency = -1 }},
		{"ReadConcurrency", func(c *Config) { c.ReadConcurrency = -1 }},
		{"WriteConcurrency", func(c *Config) { c.WriteConcurrency = -1 }},
	}
	for _, tt := range tests {
		t.Run(tt.field, func(t *testing.T) {
			c := plugged()
			tt.edit(&c)
			s, err := New(c)
			if err == nil || s != nil {
				t.Fatalf("got %v, %v, want an error", s, err)
			}
			found := false
			for line := range strings.Lines(strings.TrimPrefix(err.Error(), "syncer: config: ")) {
				found = found || strings.HasPrefix(line, tt.field+" ")
			}
			if !found {
				t.Errorf("got %q, want a line that begins with %q", err, tt.field)
			}
		})
	}
}

// All that is wrong is said at once.
func TestConfigRefusedWhole(t *testing.T) {
	_, err := New(Config{})
	if got := strings.Count(err.Error(), "is required"); got != 4 {
		t.Errorf("got %q, want the four required fields in it", err)
	}
}

// Negative intervals are how to have no looks but those that somebody asks for.
func TestLooksCanBeOff(t *testing.T) {
	c := plugged()
	c.Settings.RecheckInterval, c.Settings.PermissionsInterval, c.Settings.NewerInterval = -1, -1, -1
	if _, err := New(c); err != nil {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	broken := errors.New("no settings today")
	c := plugged()
	c.Settings.Variables = map[string]string{"owner": "ann"}
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.cfg.settings(t.Context(), "contoso", "directory-1")
	if err != nil || got.Variables["owner"] != "ann" || got.Variables["tenantId"] != "directory-1" {
		t.Errorf("got %v, %v, want the host's variables and tenantId", got.Variables, err)
	}
	if len(c.Settings.Variables) != 1 {
		t.Errorf("the host's own map was changed: %v", c.Settings.Variables)
	}
	s.cfg.SettingsFor = func(_ context.Context, tenant string) (Settings, error) {
		if tenant == "contoso" {
			return Settings{Variables: map[string]string{"owner": "ben"}}, nil
		}
		return Settings{}, broken
	}
	if got, err = s.cfg.settings(t.Context(), "contoso", "directory-1"); err != nil || got.Variables["owner"] != "ben" {
		t.Errorf("got %v, %v, want the tenant's own", got.Variables, err)
	}
	if _, err = s.cfg.settings(t.Context(), "fabrikam", "directory-2"); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
