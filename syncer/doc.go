// Package syncer is the engine: it takes a Microsoft 365 tenant through a sync,
// from sign-in to report, and keeps it in exactly one of nine statuses whatever
// happens on the way.
//
// # A first program
//
// Fill in a [Config], make a [Syncer], and let it work:
//
//	engine, err := syncer.New(syncer.Config{
//		Store:         store,
//		Repository:    repository,
//		Authenticator: authenticator,
//		Connector:     connector,
//		Approver:      approver, // or none, and Decide
//	})
//	if err != nil {
//		return err // names every field that cannot be used
//	}
//	go engine.Run(ctx) // in each process of the host
//
//	// Anywhere: a handler, a schedule, another process.
//	row, err := engine.Start(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann@example.com"})
//
// [Syncer.Start] returns at once; [Syncer.Run] of some process does the work. A
// command line calls [Syncer.Sync], which does both and waits. The example of
// this package is a whole program, with everything in memory.
//
// # What a host plugs in
//
//   - Store keeps records, leases and blobs. Package state has the interface, and
//     a store in memory.
//   - Repository is where configuration lives as code; package tenant has one in
//     memory and one in a folder.
//   - Authenticator gets credentials; package auth/entra gets Microsoft's.
//   - Connector makes a [tenant.Client] from credentials. It is called whenever
//     a process takes a run up, and again after each sign-in.
//   - Approver, if any, is shown each plan. Without one, and without
//     [Syncer.Decide], a plan waits until it expires: nothing is ever approved
//     by default.
//   - SettingsFor, if any, says what is a tenant's own: which kinds are in
//     scope, the values of its variables, the rules that guard it, who has to
//     approve, and how long things may take.
//   - Authorize, if any, is asked before every action of a person; Observer, if
//     any, is told of everything that was committed.
//
// Each interface names the kit that checks an implementation of it; for an
// Approver that is syncertest.TestApprover.
//
// # Statuses and phases
//
// A tenant rests in Not run, Idle, Partially successful, New error or Pending
// admin consent, and can be started from each of them. A run takes it through
// Starting and In progress, and through Pending authentication and Pending
// approval where a person is needed. The [Phase] says where In progress is:
//
//	connect   credentials, silently or by a person; then the client
//	consent   required permissions against granted ones
//	backup    the tenant is read, its snapshot stored, its drift adopted
//	plan      base, repository and tenant are compared
//	approve   Pending approval: a person decides
//	deploy    the approved items are written, each noted before and after
//	revert    or: the repository goes back to what the tenant has
//	verify    what was written is read back
//	report    the new base, report and log are stored
//
// Nothing before the deploy phase writes to the tenant. A run of mode [Preview]
// ends after plan, one of [BackupOnly] after backup; neither writes the desired
// line of the repository.
//
// How a run ends follows from what became of it:
//
//   - All approved changes applied and every kind in scope read: Idle.
//   - Some changes applied and others not, for whatever reason, or some kinds
//     not read: Partially successful, with the list in the [Report].
//   - All applied, and the tenant shows another value than was written
//     ([ItemResult.NotKept]): Partially successful. The next plan marks such a
//     change ([plan.PropertyChange].NotKept) and offers to accept what the
//     tenant has ([plan.Plan.Deviations]). An object that could not be read back
//     does not count: it is only not Verified.
//   - Nothing applied and something failed, or the time was up: New error.
//   - Nothing failed, and a required permission is missing: Pending admin
//     consent. It clears by itself when a check sees the grant.
//   - Cancelled before it wrote to the tenant: what it was before the run.
//
// # Endings
//
// The first row that fits ends the run. An outcome of "*" is the one of the work
// that was done, or of what stopped it; an error of "*" is the one that stopped
// the run. The exit status is the one of the command line among the examples.
//
//	ENDING                                                STATUS                 OUTCOME               LAST SUCCESS  ERROR           EXIT
//	cancelled before it wrote                             as before              *                     stays         none            *
//	permissions are missing                               Pending admin consent  *                     stays         none            3
//	permissions are missing while a person is waited for  New error              *                     stays         consent_needed  3
//	nothing can be read without permissions               Pending admin consent  *                     stays         none            3
//	nothing can be read                                   New error              *                     stays         read            1
//	parts of a run that has written are lost              Partially successful   *                     stays         storage         4
//	parts of the run are lost                             New error              failed                stays         storage         1
//	stopped when a part was applied                       Partially successful   *                     stays         partial         4
//	timed out                                             New error              *                     stays         *               5
//	failed, or cancelled after it wrote                   New error              *                     stays         *               1
//	nothing was applied                                   New error              failed                stays         items           1
//	a part was applied                                    Partially successful   *                     stays         partial         4
//	not kept by the service                               Partially successful   *                     stays         not_kept        4
//	not all taken back                                    Partially successful   *                     stays         edited          4
//	not all read                                          Partially successful   *                     stays         unread          4
//	done, with permissions missing                        Pending admin consent  *                     stays         none            3
//	roll back without effect                              Idle                   nothing_to_roll_back  stays         none            7
//	rejected                                              Idle                   rejected              moves         none            0
//	reverted                                              Idle                   reverted              moves         none            0
//	deployed                                              Idle                   deployed              moves         none            0
//	backed up                                             Idle                   backed_up             moves         none            0
//	previewed                                             Idle                   previewed             moves         none            0
//	adopted                                               Idle                   adopted               moves         none            0
//	no changes                                            Idle                   no_changes            moves         none            0
//	applied, and not read back                            Partially successful   deployed              stays         unverified      4
//	no ending fits                                        New error              failed                stays         internal        1
//
// [Row.Undone], [Report.Undone] and the list of runs count what was asked for and
// not done, and [Undone.Qualify] puts it beside the outcome. The first four counts
// leave the run as successful as it is; any other count does not.
//
//	COUNT        SAYS                              STATUS                LAST SUCCESS
//	DeletesOff   2 deletes switched off            Idle                  moves
//	LeftOut      2 items left out by the decision  Idle                  moves
//	NamesOnly    2 kinds backed up by name only    Idle                  moves
//	Unsupported  2 changes not supported           Idle                  moves
//	Failed       2 items not applied               Partially successful  stays
//	Unknown      2 items of unknown outcome        Partially successful  stays
//	NotKept      2 items not kept by the service   Partially successful  stays
//	Unplanned    2 differences not planned         Partially successful  stays
//	Refused      2 items not reverted              Partially successful  stays
//	Unread       2 kinds not completely read       Partially successful  stays
//
// The error of a run that is partially successful has a class, a phase, a message
// that says how many changes were applied and what failed first, and the
// service's request id, if a request failed. A roll back of an object's former
// name alone has no effect: roll back the name that it has now.
//
// # The three verdicts
//
// Approve has the plan carried out, as it was shown and not as the repository
// has become since. An approval of a plan that breaks guard rules must name
// them in [Decision.Accept]; one of a part of the plan names its items, and the
// rules that these break by themselves. A list of no items is refused: it
// chooses nothing.
//
// Reject leaves the tenant and the repository as they are. The next sync
// proposes the same again.
//
// RejectAndRevert leaves the tenant as it is, and takes the proposed changes
// back in the repository. What was edited there since the plan was made is
// refused and named.
//
// A decision names the run and the digest of the plan that the person saw. If
// either is no longer current it is refused with [ErrStalePlan], so that nobody
// approves what they have not seen. What was decided on is held against the
// stored plan once more before it is carried out, also after a crash: a run of
// which the store has come to hold another plan ends with the class
// "not_approved" and writes nothing more.
//
// [ApprovalRules] say what an approval needs: how many people, from which
// groups, for which changes. They forbid, unless told otherwise, that people
// approve their own runs. A person is one person in all spellings of the name
// ([Config.ActorKey]). [Review.Demands] and [Row.Demands] say what is still
// missing. Only a rule of [ApprovalRules.Automatic] approves a plan without a
// person, and the history names that rule.
//
// # What waiting costs
//
// A run that waits for a decision costs a row in the store: no goroutine, no
// lease, no timer. A million may wait. A run that waits for a sign-in costs one
// goroutine and its lease, in the process that polls for the code; it does not
// count among [Config.Concurrency]. An Approver that blocks costs the same as
// work: return the zero Decision and call Decide later.
//
// # Deadlines
//
// A sign-in has [Settings.AuthTimeout], 3 minutes from entering the status: not
// more for a new code, a restart or another process. A decision has
// [ApprovalRules.Timeout], 30 days. Both are computed and held by the store's
// clock: an answer that is committed at or after the deadline is too late.
// Work has [Settings.RunTimeout], 6 hours, waiting for people not counted.
//
// # Errors to expect
//
// Actions return what the person can do something about: [ErrActive] (an
// [*ActiveError] that names the run), [ErrPaused], [ErrStalePlan],
// [ErrNotPending], [ErrExpired], [ErrSelfApproval], [ErrAlreadyVoted], a
// [*BrokenRulesError], a [*plan.SubsetError]; [ErrNoActor] and [ErrInvalid] are
// the caller's own. Use errors.Is and errors.As. An action that fails has
// changed nothing, but for one: where the store's answer was lost for good,
// Status tells what is so.
//
// A sync that fails is no error of [Syncer.Advance], Run or Sync: its run ends
// in New error or Partially successful, with an [ErrorInfo] in the [Row] and
// the report. [Report.CopyError] is the text to copy. Errors of the host's
// storage are returned by Advance and Sync; Run logs them and tries again for
// as long as it runs.
//
// # Several processes
//
// Any number of processes may work on one store. A tenant's lease makes one of
// them work on it at a time, whoever has been due longest first. A dead one's
// tenants are taken over when their leases have run out ([Config.LeaseDuration]), by the
// next look of a worker that has room ([Config.PollInterval]): by default within
// the length of a lease and one second. Every commit is held against the
// lease's fence, so that a process that slept too long cannot write over its
// successor. People's actions need no lease, so any process takes them, but for
// [Syncer.Recheck], which looks at the tenant itself. The worker sees them at
// its next commit, or when it renews its lease.
//
// A fence does not reach Microsoft. So a write is begun only while the lease
// will outlast it ([Config.WriteTimeout]), its intent is stored before it is
// sent, and whoever takes over first finds out, by reading the tenant, what
// became of a write whose result is not stored.
//
// When ctx ends, Run begins nothing more, finishes the writes under way and
// gives up its leases; where the store does not answer meanwhile, they run out
// by themselves. A worker outlives its database: it tries until that is back.
//
// What a host plugs in may panic: a client's write counts as of unknown outcome,
// an [Approver] is asked again, an [Observer] misses an event, and anything else
// ends the tenant's run in New error, class "internal", with the stack in the
// log. In the goroutines that a plug-in starts itself, nothing can catch it.
//
// During an upgrade, processes of two versions may work on one store. What the
// newer one has written in a form that the older one does not know, a record, a
// plan, a line of the journal, the older one refuses with [ErrNewerFormat] and
// leaves alone: the run waits for a process that can go on with it.
//
// # What is guaranteed
//
//   - A tenant has one status, and moves only as package state's table says.
//   - Nothing is written to a tenant that was not in an approved plan, and no
//     object is written that is not as the plan saw it when it is read just
//     before the write.
//   - No write is repeated unless the tenant shows that it had no effect. One of
//     which that cannot be found out is reported as unknown and left to people.
//   - A run that was interrupted at any point is taken up again, and ends.
//   - What could not be read never counts as deleted, and nothing is deleted
//     that both sides did not once have in common.
//   - No token, device code or secret is in a record, entry, blob, log or error;
//     a user code only in the record, and only while it is to be shown. The
//     values of the kinds' sensitive properties are redacted. Of an answer to a
//     request that held any, only class, code and request id are kept.
//
// # What is not
//
//   - Between the read and the write somebody else may change the object: most
//     of Microsoft Graph has no conditional writes. The next sync shows it.
//   - A deploy is not a transaction. It stops where it fails, and says where.
//   - Observers miss what other processes do, and what is committed just before
//     a crash; read [Syncer.History] to miss nothing.
//   - Roll back ([Options.DesiredFrom]) brings configuration back, not objects: one
//     that was deleted is created anew, with another id.
package syncer
