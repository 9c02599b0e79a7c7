// Package syncer is the engine. It takes a Microsoft 365 tenant through a sync,
// from sign-in to report, and keeps the tenant in exactly one of nine statuses.
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
//		Approver:      approver, // or none: see "Decide later"
//	})
//	if err != nil {
//		return err // names every field that cannot be used
//	}
//	go engine.Run(ctx) // in each process of the host
//
//	// Anywhere: a handler, a schedule, another process.
//	row, err := engine.Start(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann@example.com",
//		Options: syncer.Options{Interactive: true}}) // a person is there who can sign in
//
// [Syncer.Start] returns at once. [Syncer.Run], in this or another process, does
// the work. A command line calls [Syncer.Sync], which starts a run and waits for
// its end. The example of the package, in example_embed_test.go, is a whole program
// with everything in memory. Each other example_*_test.go shows one decision of a
// host.
//
// A run that is not [Options.Interactive] never asks a person to sign in. If
// credentials are missing, it ends in New error, class "sign_in_needed". A schedule
// starts such runs. A nightly run sets [StartRequest.Supersede], so that a plan that
// still waits from the day before does not stop the backups.
//
// # What a host provides
//
//   - Store keeps records, leases and blobs. Package state has the interface with
//     what it must guarantee, and a store in memory; state/sqlitestore and
//     state/pgstore are databases. Package state/statetest tests a store of your
//     own.
//   - Repository holds the configuration as code. Package tenant has a repository
//     in memory and one in a folder.
//   - Authenticator gets credentials. Package auth/entra gets Microsoft's.
//   - Connector makes a [tenant.Client] from credentials. The engine calls it when
//     a process claims a run, and again after each sign-in.
//   - Approver is shown each plan. It is optional. Without an Approver and
//     without [Syncer.Decide], a plan waits until it expires. The engine never
//     approves by default.
//   - Settings or SettingsFor give each tenant its scopes, variables, guard rules,
//     approval rules and time limits.
//   - Authorize is asked once before every action of a person. Observer is told
//     about every commit of this process. Both are optional.
//
// Each interface names the test kit that checks an implementation. Package plan
// has the words of a plan: base, drift, adoption, conflict, item, guard rule.
// Package tenant has those of a tenant: kind, scope, natural key, snapshot.
//
// The store grows with every run. A host calls the Prune of its store from time to
// time. It removes old history, runs and blobs ([state.Pruner]).
//
// # Statuses and phases
//
// A tenant rests in Not run, Idle, Partially successful, New error or Pending
// admin consent. A run can start from each of them. An active tenant is Starting,
// In progress, Pending authentication or Pending approval. The phase is
// the part of the work that an active run is in:
//
//	connect   gets credentials, silently or from a person, and the client
//	consent   compares the required permissions with the granted ones
//	backup    reads the tenant, stores the snapshot, adopts drift
//	plan      compares base, repository and tenant
//	approve   waits for a decision (Pending approval)
//	deploy    writes the approved items, and journals each write
//	revert    takes the proposed changes back in the repository
//	verify    reads the written objects back
//	report    stores the new base, the report and the log
//
// The engine writes to the tenant in the deploy phase only. A run of mode
// [Preview] ends after plan, and one of mode [BackupOnly] after backup. Neither
// changes the desired configuration in the repository.
//
// # How a run ends
//
//   - All approved changes are applied and read back as written, and every kind in
//     scope was read: Idle. So is a run without changes, a preview, a backup, and
//     a plan that was rejected or reverted whole.
//   - Some changes are applied and others not, or the outcome of a write is unknown,
//     or some kinds could not be read: Partially successful.
//   - The tenant holds some changes until another administrator approves them there
//     ([ItemWaits]): Partially successful. The run's error and the items name the
//     requests and when they lapse. No later run files an open request again. Once a
//     request is approved, the next run with the same change in its plan sends it: that
//     plan needs a decision too. A request that was rejected or withdrawn, or that has
//     lapsed, is reported as failed, and the plan after that files the change afresh.
//   - All approved changes are applied, and the tenant shows another value than the
//     run wrote ([ItemResult.NotKept]): Partially successful. The next plan marks such
//     a change and offers to accept the tenant's value.
//   - All approved changes are applied, and some could not be read back: Partially
//     successful.
//   - A revert left items alone that somebody had edited since the plan was made
//     ([Report.Refused]): Partially successful.
//   - No change is applied and something failed, or a sign-in, a decision or the work
//     did not come in time: New error.
//   - Nothing failed, and a required permission is missing: Pending admin consent.
//     The status clears when a check sees the grant.
//   - Somebody cancelled the run before it wrote to the tenant: the status from
//     before the run.
//
// The [Outcome] says the rest: no_changes, deployed, adopted, rejected, and so on.
// [Syncer.Report] has the details, [Report.CopyError] the text to copy.
//
// # Endings
//
// The first row that fits ends the run. The outcome "*" names the work that the
// run did, or the reason that stopped it. The error "*" is the one that stopped the
// run; a part of a run that was stopped has it too. EXIT is the exit status of the
// command line in the examples.
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
//	not confirmed by reading back                         Partially successful   *                     stays         unverified      4
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
// [Row.Undone], [Report.Undone] and [RunFacts.Undone] count the work that the run
// was asked for and did not do. [Undone.Qualify] writes the counts after the
// outcome. A run with only the first four counts can still end in Idle. NamesOnly
// counts kinds with objects whose completeness is names_only: something of them is
// in no backup. Nothing of such a kind is created, deleted or replaced.
//
//	COUNT        SAYS                                        STATUS                LAST SUCCESS
//	DeletesOff   2 deletes switched off                      Idle                  moves
//	LeftOut      2 items left out by the decision            Idle                  moves
//	NamesOnly    2 kinds backed up by name only              Idle                  moves
//	Unsupported  2 changes not supported                     Idle                  moves
//	Failed       2 items not applied                         Partially successful  stays
//	Unknown      2 items of unknown outcome                  Partially successful  stays
//	Waits        2 items waiting for approval in the tenant  Partially successful  stays
//	NotKept      2 items not kept by the service             Partially successful  stays
//	Unconfirmed  2 items not confirmed by reading back       Partially successful  stays
//	Unplanned    2 differences not planned                   Partially successful  stays
//	Refused      2 items not reverted                        Partially successful  stays
//	Unread       2 kinds not completely read                 Partially successful  stays
//
// The error of a partially successful run has a class, a phase and a message. The
// message says how many changes are applied and names the first failure. The error
// has the service's request id if a request failed. A roll back that targets an
// object's former name alone changes nothing: target its present name.
//
// # Approve, reject, or reject and revert
//
// An approval has the stored plan carried out, as the person saw it. The
// repository may have changed since; later commits wait for the next run. An
// approval of a plan that breaks guard rules must name these rules in
// [Decision.Accept]. An approval of a part names its items in [Decision.Items].
//
// A rejection changes neither the tenant nor the repository. The next sync proposes
// the same changes again.
//
// Reject and revert does not change the tenant, and takes the proposed changes back
// in the repository. It leaves items alone that somebody has edited there since the
// plan was made, and names them.
//
// A decision names the run and the digest of the plan that the person saw. The
// engine refuses a decision on another plan with [ErrStalePlan]. It compares the
// stored plan with the decision again before it writes, also after a crash.
//
// # Decide later
//
// A host without an Approver, or whose Approver returns the zero [Decision], lets
// the plan wait. One handler calls [Syncer.Review] and shows the plan; the page
// keeps the run and the digest. The handler behind the button decides on exactly
// that plan:
//
//	engine.Decide(ctx, syncer.Decision{RunRef: run, Digest: digest, Verdict: syncer.Approve, Actor: "bob"})
//
// Any process may do that, days later. If a run has superseded this one and plans
// the same, the decision is good for it; if it plans something else, or is not
// there yet, the decision is refused with [ErrStalePlan] or [ErrNotPending]. The
// host learns that a plan waits from its Observer ([PlanReady]), from
// [Syncer.Changes] or from [Syncer.Statuses].
//
// # Who may approve
//
// [ApprovalRules] say how many people must approve, and forbid, unless told
// otherwise, that people approve their own runs. [ApprovalRule] asks for more
// where certain kinds, verbs or numbers of changes are approved: two of group
// security for deletes, one person for the rest. [AutomaticApproval] approves
// small plans without a person; it never approves deletes, conflicts or broken
// guard rules unless the rule's own fields say so. The spellings of a name are one
// person ([ActorKey]). All of this can differ by tenant ([Config.SettingsFor]).
//
// # Waiting
//
// A run that waits for a decision costs a row in the store: no goroutine, no
// lease, no timer. A run that waits for a sign-in costs one goroutine and the
// tenant's lease, and no place of [Config.Concurrency]. An Approver that blocks
// costs the same as work.
//
// # Time limits
//
// A sign-in has [Settings.AuthTimeout], 3 minutes from entering the status. A
// process that resumes the wait shows a new code; the deadline stays. A decision
// has [ApprovalRules.Timeout], 30 days. Both deadlines are by the store's clock,
// and the store refuses an answer at or after the deadline. Work has
// [Settings.RunTimeout], 6 hours; waits for people do not count.
//
// # Cancel, retry, pause, remove
//
// [Syncer.Cancel] ends the run under way. Before the first write to the tenant,
// the status from before the run returns. Later, the engine finishes the writes
// that are under way and reports the applied changes.
//
// [Syncer.Retry] starts a run for the items that an ended run did not apply. Its
// plan needs a decision of its own.
//
// [Syncer.Pause] holds a tenant: no run starts, and a run under way begins no
// further phase or write, until everybody who paused it has resumed it.
//
// [Syncer.Remove] deletes everything that is stored of a tenant, and leaves one
// line that says who removed it. It does not touch the tenant in Microsoft 365.
//
// # Roll back
//
// A run with [Options.DesiredFrom] plans from an earlier backup in place of the
// present configuration. On approval the engine commits the old configuration to
// the repository before it writes to the tenant. A roll back brings configuration
// back, not objects: it creates a deleted object anew, with another id.
//
// # Lists
//
// [Syncer.Statuses] lists tenants, [Syncer.Runs] runs of one tenant or of all, and
// [Syncer.History] a tenant's entries. [Syncer.Changes] is a feed of tenants that
// changed, for a table that stays up to date. Each returns a [Page]; pass
// [Page.Next] as the next request's cursor. Runs whose plans make the same changes
// have the same [RunRow.ChangeDigest].
//
// # Errors
//
// A person can act on most errors of an action: [ErrActive] (an [*ActiveError] that
// names the run), [ErrPaused], [ErrStalePlan], [ErrNotPending], [ErrExpired],
// [ErrSelfApproval], [ErrAlreadyVoted], [ErrNothingFailed], [ErrBusy],
// [ErrRemoving], a [*BrokenRulesError], a [*plan.SubsetError]. [ErrNoActor],
// [ErrInvalid] and [ErrNotFound] are the caller's mistakes; a cursor of another
// list is ErrInvalid of package state. Every action also returns the errors of
// Authorize, of SettingsFor and of the store, and [ErrNewerFormat].
//
// An action that fails has changed nothing, with two exceptions. A worker finishes
// a [Syncer.Remove] that failed in the middle. After [state.ErrUnknown] the action
// may have been done: look at [Syncer.Status].
//
// [Syncer.Advance], Run and Sync do not return the error of a sync that fails. Its
// run ends in New error or Partially successful, with an [ErrorInfo] in the [Row] and
// the report; [ErrorInfo.Class] is for programs. Advance and Sync return the errors
// of the host's storage. Run logs them and retries as long as it runs.
//
// # Shutdown
//
// The library catches no signals. A host passes a context that ends on SIGTERM
// ([os/signal.NotifyContext]). When the context of Run ends, Run begins nothing new,
// finishes the writes under way, stores their results, releases its leases and
// returns nil. Give the process [Config.WriteTimeout] and some seconds for that.
// While the store does not answer, each last step waits for up to
// [Config.LeaseDuration], which can add up to some minutes: a process that is
// killed before that loses nothing. Its leases run out, another process resumes the
// runs, and so does this one after a restart.
//
// # Several processes
//
// Any number of processes may work on one store. A lease makes one of them work on
// a tenant at a time. When a process dies, another claims its tenants after the
// leases have run out: by default within [Config.LeaseDuration] and one second.
// Each lease has a number, its fence, that rises with every lease of the tenant.
// Each commit names it, so a process that slept too long cannot overwrite its
// successor's work. People's actions need no lease. The worker sees them at its next
// commit or when it renews its lease.
//
// Microsoft's services do not know the fence. So the engine begins a write only
// while the lease will outlast it ([Config.WriteTimeout]), and stores the intent
// before it sends the write. A process that resumes the run first reads the tenant,
// to find out the outcome of each write without a stored result.
//
// A part that the host provides may panic. A write whose client panics has an
// unknown outcome, an Approver is asked again, an Observer misses an event, and
// any other panic ends the run in New error, class "internal", with the stack in
// the log. The engine cannot catch panics in goroutines that such a part starts.
//
// Processes of two versions may work on one store during an upgrade. The older one
// refuses a document that it cannot read with [ErrNewerFormat], and does not change
// it. The run waits for a process that can read the document.
//
// # What is guaranteed
//
//   - A tenant has one status, and moves only as package state's table says. The
//     store refuses any other move.
//   - The engine writes only the changes of an approved plan to a tenant, and only if
//     the object is still as the plan saw it.
//   - The engine repeats a write only if the tenant shows that the write had no
//     effect. A write of unknown outcome is reported as unknown and left to people.
//   - An interrupted run is resumed, and ends.
//   - A failed read never counts as a deletion. The engine deletes only objects that
//     both sides once had.
//   - No token, device code or secret is in a record, entry, blob, log or error. A
//     user code is in the record only, and only while it is to be shown. Values of
//     sensitive properties are redacted. If a request held such a value, the
//     engine keeps only class, code and request id of the service's answer.
//
// # What is not
//
//   - Between the read and the write somebody else may change the object, because
//     most of Microsoft Graph lacks conditional writes. The next sync shows it.
//   - A deploy is not a transaction. It stops where it fails, and says where.
//   - An Observer misses the events of other processes, and those of commits just
//     before a crash. [Syncer.History] has them all until the store prunes them.
package syncer
