package tcm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm/tcmtest"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

const (
	rules    = "exchangeTransportRules"
	meetings = "teamsMeetingPolicies"
	ruleType = "microsoft.exchange.transportrule"
	meetType = "microsoft.teams.meetingpolicy"
)

// newServer is a fake service with two transport rules and one meeting policy.
func newServer() *tcmtest.Server {
	s := tcmtest.New(tcmtest.Config{})
	s.Set(ruleType, `{"Name":"A","Priority":0,"Ensure":"Present"}`, `{"Name":"B","Priority":1,"Ensure":"Present"}`)
	s.Set(meetType, `{"Identity":"Global","AllowMeetNow":false,"Ensure":"Present"}`)
	return s
}

func newClient(t *testing.T, s *tcmtest.Server, edit func(*tcm.Config)) *tcm.Client {
	t.Helper()
	cfg := tcm.Config{Credential: graphtest.Credential(), Endpoint: s.URL(), HTTPClient: s.HTTPClient(), Kinds: []string{rules, meetings}}
	if edit != nil {
		edit(&cfg)
	}
	c, err := tcm.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// read reads a kind and returns the ids.
func read(t *testing.T, c tenant.Client, kind string) ([]string, tenant.ReadResult) {
	t.Helper()
	var ids []string
	result, err := c.Read(t.Context(), tenant.ReadRequest{Kind: kind, All: true}, func(r tenant.Resource) error {
		ids = append(ids, r.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids, result
}

// Joined to a client that writes, the client keeps the contract.
func TestClient(t *testing.T) {
	tenanttest.TestClient(t, func(t *testing.T) tenanttest.ClientFixture {
		fake := tenanttest.NewFake(tenanttest.Config{Kinds: []tenant.Kind{{Name: "groups", Create: true, Update: true, Delete: true}}})
		s := tcmtest.New(tcmtest.Config{Duration: time.Nanosecond})
		s.Set("microsoft.exchange.organizationconfig", `{"IsSingleInstance":"Yes"}`)
		c := newClient(t, s, func(c *tcm.Config) { c.Kinds, c.Poll = nil, time.Nanosecond })
		return tenanttest.ClientFixture{Client: tenant.Join(fake.Client(tenanttest.ClientConfig{Worker: "one"}), c), Kind: "groups",
			ReadOnly: rules, Singleton: "exchangeOrganizationConfig"}
	})
}

// The kinds are read from one snapshot, also by another client, and nothing is written.
func TestReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		for range 2 {
			c := newClient(t, s, nil)
			if ids, result := read(t, c, rules); !slices.Equal(ids, []string{"A", "B"}) || result.Completeness != tenant.Complete {
				t.Errorf("rules: %q, %+v", ids, result)
			}
			if ids, result := read(t, c, meetings); !slices.Equal(ids, []string{"Global"}) || result.Completeness != tenant.Complete {
				t.Errorf("policies: %q, %+v", ids, result)
			}
			result, err := c.Read(t.Context(), tenant.ReadRequest{Kind: rules, IDs: []string{"A", "gone"}}, func(tenant.Resource) error { return nil })
			if err != nil || !slices.Equal(result.Absent, []string{"gone"}) {
				t.Errorf("by id: %+v, %v", result, err)
			}
			if r, err := c.Get(t.Context(), tenant.GetRequest{Kind: rules, ID: "B"}); err == nil {
				clear(r.Body)
			}
			if r, err := c.Get(t.Context(), tenant.GetRequest{Kind: rules, ID: "B"}); err != nil || !strings.Contains(string(r.Body), `"Priority":1`) {
				t.Errorf("Get = %s, %v", r.Body, err)
			}
			if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: rules, ID: "C"}); tenant.ClassOf(err) != tenant.NotFound {
				t.Errorf("Get of an object that is not there: %v", err)
			}
			before := len(s.Requests())
			for _, op := range []tenant.Operation{{Verb: tenant.Create, After: []byte(`{}`)}, {Verb: tenant.Update, ID: "A", Patch: []byte(`{}`)}, {Verb: tenant.Delete, ID: "A"}} {
				op.Kind = rules
				if _, err := c.Apply(t.Context(), op); tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) || !strings.Contains(err.Error(), "cannot write") {
					t.Errorf("%s: %v", op.Verb, err)
				}
			}
			if len(s.Requests()) != before {
				t.Error("a write was sent")
			}
		}
		if s.Created() != 1 {
			t.Errorf("%d snapshots, want 1", s.Created())
		}
	})
}

func TestConfigRefuses(t *testing.T) {
	_, err := tcm.New(tcm.Config{Endpoint: "http://a", Kinds: []string{"groups"}, Every: 8 * 24 * time.Hour, Name: "a/b", Monthly: 20_001, Wait: -1})
	for _, want := range []string{"Credential is", "Endpoint \"", "Kinds names \"groups\"", "Every must", "Name \"a/b\"", "Monthly must", "Wait, Poll"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error %v does not have %q", err, want)
		}
	}
}

func TestPermissions(t *testing.T) {
	for token, want := range map[string]bool{
		graphtest.ApplicationToken("d", "ConfigurationMonitoring.ReadWrite.All"): true,
		graphtest.Token("d", "ConfigurationMonitoring.Read.All"):                 false,
		"opaque": true,
	} {
		c := newClient(t, newServer(), func(c *tcm.Config) { c.Credential = graphtest.Static(token) })
		p, err := c.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{rules}, Write: true})
		if err != nil || len(p.Required) != 1 || !p.Required[0].Optional || p.Required[0].Write {
			t.Fatalf("%+v, %v", p, err)
		}
		if got := slices.Contains(p.Granted, p.Required[0].AnyOf[0]); got != want {
			t.Errorf("granted is %q: %t, want %t", p.Granted, got, want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		c := newClient(t, s, func(c *tcm.Config) {
			c.Credential = graphtest.Static(graphtest.Token("d", "ConfigurationMonitoring.Read.All"))
		})
		_, result := read(t, c, rules)
		if result.Completeness != tenant.Forbidden || !slices.Equal(result.Missing, []string{"ConfigurationMonitoring.ReadWrite.All"}) {
			t.Errorf("without the permission: %+v", result)
		}
	})
}

// What the errors of a job are about is not read, and never absent.
func TestPartialSnapshots(t *testing.T) {
	for name, tt := range map[string]struct {
		message         string
		rules, meetings tenant.Completeness
	}{
		"a role is missing":    {meetType + ": Error exporting resource. exceptionMessage(s): {\"code\":\"Forbidden\",\"message\":\"Access Denied.\"}", tenant.Complete, tenant.Forbidden},
		"a type fails":         {"Error exporting [Microsoft.Teams.MeetingPolicy]: timeout", tenant.Complete, tenant.Failed},
		"an error of no type":  {"Something failed", tenant.Partial, tenant.Failed},
		"of a longer name":     {meetType + "x failed", tenant.Partial, tenant.Failed},
		"of a type and a name": {"microsoft.teams.meetingpolicyx and " + meetType + " failed", tenant.Complete, tenant.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				s.Deny(meetType, tt.message)
				c := newClient(t, s, nil)
				_, got := read(t, c, rules)
				ids, other := read(t, c, meetings)
				if got.Completeness != tt.rules || other.Completeness != tt.meetings || len(ids) > 0 || !strings.Contains(other.Reason, tt.message) {
					t.Errorf("rules %+v, policies %q %+v", got, ids, other)
				}
				_, err := c.Get(t.Context(), tenant.GetRequest{Kind: meetings, ID: "Global"})
				if err == nil || tenant.ClassOf(err) == tenant.NotFound {
					t.Errorf("Get of what was not read: %v", err)
				}
			})
		})
	}
}

// Resources that cannot be told apart are a failed read.
func TestUnusableResources(t *testing.T) {
	for name, properties := range map[string][]string{
		"twice":         {`{"Name":"A"}`, `{"Name":"A"}`},
		"without name":  {`{"Name":"A"}`, `{"Identity":"B"}`},
		"no properties": {`null`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newServer()
				s.Set(ruleType, properties...)
				c := newClient(t, s, func(c *tcm.Config) { c.Kinds = []string{rules, "exchangeTransportConfig"} })
				if ids, result := read(t, c, rules); result.Completeness != tenant.Failed || result.Class == "" || result.Reason == "" || len(ids) > 0 {
					t.Errorf("%q, %+v", ids, result)
				}
				// A singleton that a snapshot lacks is not gone.
				if _, result := read(t, c, "exchangeTransportConfig"); result.Completeness != tenant.Failed {
					t.Errorf("the singleton: %+v", result)
				}
			})
		})
	}
}

// Every request fails in turn, in every way: then the read succeeds, or says that it
// failed. A read that failed is no absence, and a second sync gets along without a second
// snapshot unless the first one was never created.
func TestEveryRequestFails(t *testing.T) {
	for _, f := range []tcmtest.Fault{{}, {After: true}, {Status: 429, RetryAfter: 7}, {Status: 503}, {Status: 503, After: true}, {Status: 400}, {Status: 403}, {Status: 404}} {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			for i := 0; ; i++ {
				reached := false
				synctest.Test(t, func(t *testing.T) {
					s := newServer()
					s.Fail(i, f)
					c := newClient(t, s, nil)
					ids, result := read(t, c, rules)
					if _, err := c.Get(t.Context(), tenant.GetRequest{Kind: rules, ID: "A"}); err != nil && (tenant.MaybeApplied(err) || tenant.ClassOf(err) == tenant.NotFound) {
						t.Errorf("request %d: Get: %v", i, err)
					}
					if reached = len(s.Requests()) > i; !reached {
						return
					}
					// What is refused for a time is asked again, but a create is sent once: where
					// its answer is lost, the job is looked for.
					created := i != 1 || f.After
					transient := f.Status == 0 || f.Status == 429 || f.Status == 503
					if got := result.Completeness == tenant.Complete; got != (transient && created) && i < 2 {
						t.Errorf("request %d: %q, %+v", i, ids, result)
					} else if !got && transient && created {
						t.Errorf("request %d was not sent again: %+v", i, result)
					}
					if result.Class == tenant.NotFound {
						t.Errorf("request %d: %+v", i, result)
					}
					switch {
					case result.Completeness == tenant.Complete && slices.Equal(ids, []string{"A", "B"}):
					case result.Completeness.AbsenceCounts() || result.Reason == "" || len(ids) > 0:
						t.Errorf("request %d: %q, %+v", i, ids, result)
					}
					if ids, result := read(t, newClient(t, s, nil), rules); result.Completeness != tenant.Complete || len(ids) != 2 {
						t.Errorf("request %d, the next sync: %q, %+v", i, ids, result)
					}
					if s.Created() != 1 {
						t.Errorf("request %d: %d snapshots, want 1", i, s.Created())
					}
				})
				if !reached {
					if i < 5 {
						t.Errorf("only %d requests were reached", i)
					}
					return
				}
			}
		})
	}
}

// A job that does not end ends the read, and no sync creates another one for most of a
// day.
func TestEndlessJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.Hang(true)
		for range 3 {
			began := time.Now()
			_, result := read(t, newClient(t, s, nil), rules)
			if result.Completeness != tenant.Failed || result.Class != tenant.Transient || !strings.Contains(result.Reason, "Config.Wait") || time.Since(began) != tcm.WaitDefault {
				t.Errorf("after %s: %+v", time.Since(began), result)
			}
		}
		if s.Created() != 1 {
			t.Errorf("%d snapshots, want 1", s.Created())
		}
		s.Hang(false)
		if ids, result := read(t, newClient(t, s, nil), rules); len(ids) != 2 || s.Created() != 1 {
			t.Errorf("the ended job: %q, %+v, %d snapshots", ids, result, s.Created())
		}
	})
}

// A failed job tells why, and another one follows on the next day.
func TestFailedJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.Break("No capacity")
		for range 2 {
			if _, result := read(t, newClient(t, s, nil), rules); result.Completeness != tenant.Failed || !strings.Contains(result.Reason, "No capacity") {
				t.Errorf("%+v", result)
			}
		}
		s.Break("")
		<-time.After(24 * time.Hour)
		if ids, result := read(t, newClient(t, s, nil), rules); len(ids) != 2 || s.Created() != 2 {
			t.Errorf("%q, %+v, %d snapshots", ids, result, s.Created())
		}
	})
}

// The kinds of one sync do not ask one after the other for what was just refused.
func TestFailureIsAskedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.Revoke()
		c := newClient(t, s, nil)
		for range 3 {
			if _, err := c.Read(t.Context(), tenant.ReadRequest{Kind: rules, All: true}, nil); tenant.ClassOf(err) != tenant.Unauthenticated {
				t.Errorf("%v", err)
			}
		}
		if n := len(s.Requests()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
}

// A snapshot that is too large ends the read with the name of the limit.
func TestLargeSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		s.Set(ruleType, `{"Name":"`+strings.Repeat("x", 4096)+`"}`)
		_, result := read(t, newClient(t, s, func(c *tcm.Config) { c.MaxAnswerBytes = 2048 }), rules)
		if result.Completeness != tenant.Failed || result.Class != tenant.Permanent || !strings.Contains(result.Reason, "Config.MaxAnswerBytes") {
			t.Errorf("%+v", result)
		}
	})
}

// A job of fewer kinds does not stand for those that the host has added.
func TestAddedKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		read(t, newClient(t, s, func(c *tcm.Config) { c.Kinds = []string{rules} }), rules)
		<-time.After(time.Hour)
		if ids, result := read(t, newClient(t, s, nil), meetings); len(ids) != 1 || s.Created() != 2 {
			t.Errorf("%q, %+v, %d snapshots", ids, result, s.Created())
		}
	})
}

// A job that has ended when it was created is asked for its errors as well.
func TestInstantJob(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := tcmtest.New(tcmtest.Config{Duration: time.Nanosecond})
		s.Deny(meetType, meetType+" failed")
		<-time.After(time.Second)
		c := newClient(t, s, nil)
		if _, result := read(t, c, meetings); !strings.Contains(result.Reason, meetType+" failed") {
			t.Errorf("%+v", result)
		}
		if _, result := read(t, c, rules); result.Completeness != tenant.Complete {
			t.Errorf("%+v", result)
		}
	})
}

// A snapshot is read from the service alone, and one without a list of resources is not a
// tenant without them.
func TestWrongSnapshot(t *testing.T) {
	for location, want := range map[string]string{
		"https://elsewhere.example/snapshot":                                                             "is not one of https://graph.example",
		"https://graph.example@elsewhere.example/x":                                                      "is not one of https://graph.example",
		"https://graph.example/v1.0/admin/configurationManagement/configurationSnapshotJobs/" + firstJob: "no whole list",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newServer()
			s.Misplace(location)
			if _, result := read(t, newClient(t, s, nil), rules); result.Completeness != tenant.Failed || !strings.Contains(result.Reason, want) {
				t.Errorf("%s: %+v", location, result)
			}
		})
	}
}

// firstJob is the id of the first job of a fake.
const firstJob = "00000000-0000-4000-9000-000000000001"

// The snapshots of a client of another name are not this client's.
func TestOtherName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		read(t, newClient(t, s, func(c *tcm.Config) { c.Name = "another" }), rules)
		<-time.After(time.Hour)
		if ids, result := read(t, newClient(t, s, nil), rules); len(ids) != 2 || s.Created() != 2 {
			t.Errorf("%q, %+v, %d snapshots", ids, result, s.Created())
		}
	})
}
