// Package fault injects faults into calls: an error instead of the call, an
// error after its effect, an unknown outcome, a delay.
//
// The wrappers of statetest and tenanttest send every call through an
// [Injector]. Several wrappers may share one, so that the calls of a whole run
// are counted in one sequence and a test can walk over all fault points:
//
//	for i := 0; ; i++ {
//		var in fault.Injector
//		in.Inject(fault.At(i, fault.Fault{After: errLost}))
//		run(&in)
//		if in.Count() <= i {
//			break // the run made no call i, so each call has failed once
//		}
//	}
package fault
