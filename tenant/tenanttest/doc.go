// Package tenanttest is for tests of what uses or implements the contracts of
// package tenant: a fake tenant, faults for repositories, a catalogue of
// realistic kinds, and the tests that every client and repository must pass.
//
// # A fake tenant
//
// A [Fake] is a Microsoft 365 tenant in memory, with as much stubbornness as
// the real one: it refuses read-only properties, ids that lead nowhere and
// secrets made of asterisks; it hides secrets, lags, throttles, and loses
// answers when it is told to.
//
//	fake := tenanttest.NewFake(tenanttest.Config{Kinds: tenanttest.Kinds()})
//	id := fake.Seed("groups", `{"displayName":"CA-BreakGlass"}`)
//	fake.FailWrite(func(op tenant.Operation) tenanttest.WriteFault {
//		return tenanttest.LostAnswer()
//	})
//	client := fake.Client(tenanttest.ClientConfig{Worker: "one"})
//
// Afterwards [Record.Writes], [Record.Repeated] and [Record.Overlapping] tell what
// reached the tenant, what reached it twice, and which workers got into each
// other's way. All delays are timers: in a testing/synctest bubble they cost
// no time.
//
// # Faults in a repository
//
// [RepositoryFaults] wraps any repository. With the same injector as the
// fakes, all calls of a run are counted in one sequence.
//
// # Tests for implementers
//
// [TestClient] and [TestRepository] check each sentence of the contracts
// against an implementation of yours.
package tenanttest
