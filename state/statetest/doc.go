// Package statetest checks implementations of the interfaces of package state,
// and injects faults into them.
//
// # Kits
//
// [TestStore], [TestLeaser], [TestBlobs] and [TestPruner] check each sentence
// of the interfaces' contracts, one subtest per case, each on a fresh
// [Fixture]. A case that fails prints the sentence. Run them under -race, in
// the file that also asserts the interfaces of the type:
//
//	var _ state.Store = (*Store)(nil)
//
//	func TestConformance(t *testing.T) {
//		factory := func(t *testing.T) statetest.Fixture {
//			s := open(t) // an empty one
//			return statetest.Fixture{Store: s, Leaser: s, Blobs: s, Pruner: s, Pass: s.shiftBack}
//		}
//		statetest.TestStore(t, factory)
//		statetest.TestLeaser(t, factory)
//		statetest.TestBlobs(t, factory)
//		statetest.TestPruner(t, factory)
//	}
//
// No case sleeps: the fixture's Pass makes time pass. A store on a database
// implements it by shifting all stored times back. A kit names each field of
// the Fixture that it needs and that is nil. The implementation's own tests
// cover crashes, lost connections and several processes on one database, which
// a kit cannot see. [Path] gives the events that bring a tenant to a status.
//
// # Faults
//
// [WithFaults], [LeaserWithFaults] and [BlobsWithFaults] wrap an implementation
// so that an [Injector] strikes calls with faults: an error before the effect
// or after it, an unknown outcome, a delay. The injector counts the calls, so a
// test can strike each one in turn:
//
//	for i := 0; ; i++ {
//		var in statetest.Injector
//		in.Inject(statetest.FaultAt(i, statetest.Fault{After: state.ErrUnknown}))
//		sync(statetest.WithFaults(store, &in))
//		if in.Count() <= i {
//			break // there was no call i
//		}
//	}
//
// The package imports only the standard library and this module.
package statetest
