// Command cli keeps Microsoft 365 tenants in step with configuration kept as
// code: a program for real tenants, and an example of a host of package syncer.
// This comment calls the program tenantsync:
//
//	go build -o tenantsync ./examples/cli
//
// "Connect a real tenant" in the repository's README leads from the app registration
// to the first sync. To try the program without a network or a tenant:
//
//	tenantsync init -demo
//	tenantsync tenants add contoso
//	tenantsync sync contoso
//	tenantsync plan contoso
//	tenantsync approve contoso -plan …
//	tenantsync status
//
// # Commands
//
//	init                      make the folder with settings, key and store
//	tenants add NAME          add a tenant
//	tenants list              list the tenants that were added
//	tenants remove NAME       remove a tenant; its configuration and history stay
//	import NAME FOLDER        put what another tool exported into a tenant's configuration
//	permissions [NAME]        list the permissions that the kinds chosen need
//	doctor                    check settings, folder, store, clock, cloud, sign-ins and permissions
//	sync NAME                 sync a tenant, or go on with its sync, until it rests or needs a person
//	run                       work on all tenants that are due, until Ctrl-C
//	status [NAME]             show the tenants, or one of them
//	plan NAME                 show what the sync proposes
//	approve NAME              have a plan carried out
//	reject NAME               leave tenant and configuration as they are
//	revert NAME               leave the tenant, and take the plan's changes back in the configuration
//	cancel NAME               end the sync that is under way
//	retry NAME                propose again what a sync did not do
//	recheck NAME              look again whether permissions were granted
//	pause NAME                hold a tenant, in the name of -actor
//	resume NAME               no longer hold it
//	report NAME               show what became of a sync
//	history NAME              show what happened to a tenant
//	logs NAME                 show the log of a sync
//	artifacts NAME            save snapshots, plan, report and log of a sync as a zip archive
//	rollback NAME [REVISION]  list the backups, or propose to go back to one
//
// tenantsync COMMAND -h lists the flags of a command. Flags may come before and
// after the other words.
//
// A command works on a sync in its own process, until the tenant rests or another
// person is needed. If a command is stopped or killed, sync, run, or the command that
// decides resumes the sync. Several commands may work in one folder at a time, on one
// machine.
//
// To sign in a person, a command shows the code and the page, and waits. To have a plan
// approved, a command on a terminal shows the plan and asks for a decision. Without a
// terminal the plan stays pending, and the command prints how to approve it. A
// decision always names its plan, so that people cannot approve a plan that they have
// not seen. The name is the plan's code (16 characters, unique to this run) or its
// whole digest. The program refuses a part of a digest, since somebody can make two
// plans whose digests begin alike.
//
// # Exit status
//
//	0    done: for a sync, the tenant is Idle, also when its plan was rejected, and
//	     when the status line counts deletes that are switched off or items left out
//	1    failed: the sync ended in New error, or the command could not do its work
//	2    usage: a flag, an argument or a setting cannot be used
//	3    a person is needed: to sign in, to approve, or to consent as administrator
//	4    partially successful: some changes were not made or not kept, or some kinds not read
//	5    timed out: nobody signed in or decided in time, or the sync took too long
//	6    refused: not possible in the tenant's present state; nothing was changed
//	7    no effect: a roll back has changed nothing
//	130  stopped by Ctrl-C; the same command goes on where it was
//
// # Settings
//
// A setting is a flag (-client-id), an environment variable (TENANTSYNC_CLIENT_ID;
// TENANTSYNC_OUTPUT for -o), or a name in the folder's file tenantsync.json. The first
// of these that is set counts, else the default, in parentheses. doctor prints all
// settings and their sources.
//
//	-dir                   the folder with settings, configuration and store (tenantsync); not in the file
//	-o                     what results are printed as: text or json (text); not in the file
//	-demo                  everything against a fake tenant and a fake Entra in this process
//	-demo-people           who answers sign-ins there: signs-in (after a second), asks, declines or never (signs-in)
//	-client-id             the application (client) id of the app registration
//	-cloud                 global, usgov-l4, usgov-l5 or china (global)
//	-sign-in               who works in the tenants: a person (device-code), or an application by secret, certificate or federated token (device-code)
//	-client-secret-file    for sign-in secret, unless TENANTSYNC_CLIENT_SECRET has it: a file that only its owner reads (client-secret)
//	-certificate-file      for sign-in certificate: certificate and private key as PEM, in a file that only its owner reads (certificate.pem)
//	-federated-token-file  for sign-in federated: where the platform keeps its token
//	-home-directories      directory ids whose accounts may sign in to other tenants (partners, GDAP), separated by commas
//	-kinds                 the kinds that are kept in step, separated by commas, or all (conditionalAccessPolicies,namedLocations,authenticationStrengthPolicies,groups)
//	-unproven              kinds whose writes neither Microsoft's documentation nor two public tools show and that are written all the same, separated by commas, or all
//	-beta                  kinds that are read and written by Graph's beta, where they have properties that v1.0 lacks, separated by commas
//	-parts                 pieces of objects that are kept in step as well, which costs requests for each object: KIND/PIECE, such as groups/members, separated by commas, or all
//	-report-only           new Conditional Access policies land as report-only
//	-break-glass           object ids of accounts that must always get in, separated by commas
//	-justification         reason for changes of Intune, for tenants with Multi Admin Approval
//	-drift                 what becomes of changes made in a tenant: adopt them into the configuration, or enforce the configuration (adopt)
//	-deletes               kinds that are deleted in the tenant when their file goes although only what has a file is looked at (groups, applications, …), separated by commas
//	-max-deletes           more deletes than this have to be accepted by name; negative: no limit (10)
//	-max-updates           the same for updates (200)
//	-actor                 who does this, for history and approvals; nobody checks it
//	-approvals             how many people have to approve (1)
//	-four-eyes             who asked for a sync cannot approve it
//	-sign-in-timeout       how long a sign-in may take (3m0s)
//	-approval-timeout      how long a plan waits for a decision (720h0m0s)
//	-lease                 after how long another process takes over from one that died; one under a minute leaves each write half of it (1m0s)
//
// The file is one JSON object. A list may be an array. A name that the list above
// lacks is an error:
//
//	{
//	  "client-id": "00000000-0000-0000-0000-000000000000",
//	  "kinds": ["conditionalAccessPolicies", "namedLocations", "groups"],
//	  "max-deletes": 5
//	}
//
// # The folder
//
//	tenantsync.json   settings
//	seal.key          the key that seals token caches in the store, made by init
//	hash.key          the key of the hashes of secrets in the store, made by init
//	client-secret     the application's secret, if it has one
//	certificate.pem   or its certificate and private key
//	tenants/          a file for each tenant: directory id, variables, labels
//	kinds/            kinds that extend the catalogue of package graph or replace
//	                  its kinds, in the form of catalogue.Catalogue
//	configuration/    NAME/desired has the configuration, NAME/backup the backups of
//	                  the tenant: see tenant.DirRepository
//	tenantsync.db     the store, on SQLite: see package sqlitestore
//	demo/             the data of a demonstration's fakes
//
// # Secrets
//
// Neither the command line nor the file of settings may contain secrets. The client
// secret is in TENANTSYNC_CLIENT_SECRET or in a file. The key that seals the token
// caches is in TENANTSYNC_SEAL_KEY or in seal.key. The program refuses files of
// secrets that users other than their owner can read: set mode 0600. A person who has
// both the key and the store can act as the tenants' administrators, so keep the
// backups of the two in different places. No command prints a token, a device code or
// a secret. A command shows only the code that a person must enter.
//
// Plans bind secrets by hashes, whose key is in TENANTSYNC_HASH_KEY or in hash.key, as
// one key in the form of seal.key's. To replace the key, remove the file and run init.
// Pending plans with secrets are then stale, and no object changes.
//
// seal.key and TENANTSYNC_SEAL_KEY may hold several keys, each "id:base64 of 32
// bytes", separated by white space. The first key seals, and all keys open. To replace
// a key, put the new key in front (echo k2:$(openssl rand -base64 32)), and remove the
// old key after a sync of every tenant.
//
// # Output
//
// Results go to standard output; progress, questions and errors go to standard error.
// On a terminal the program redraws one line of progress, and status -watch redraws a
// table; elsewhere both print plain lines. NO_COLOR turns colors off. In text from
// outside (names, comments, errors) the program escapes characters that could control
// a terminal.
//
// With -o json each command prints one JSON document, and an error is
// {"error": {"tenant", "message", "next", "exit"}} on standard error:
//
//	sync, approve, reject, revert, cancel, retry, recheck, pause, resume,
//	rollback NAME REVISION        a syncer.Row
//	status                        {"tenants": [syncer.Row, …]}
//	status -watch                 a syncer.Row on a line, for each change
//	plan                          a plan.Plan
//	report                        a syncer.Report
//	history                       {"entries": [syncer.Entry, …], "next"}
//	logs                          the log's JSON lines
//	artifacts                     {"tenant", "file", "bytes"}
//	rollback NAME                 {"tenant", "backups": [{"revision", "time", "message"}]}
//	import                        {"tenant", "files", "imported", "written", "replaced",
//	                              "leftOut", "created", "altered", "kept", "applications"}
//	permissions                   {"mode", "kinds", "delegated", "application", "consentUrl"}
//	doctor                        {"settings", "findings", "problems"}
//	init                          {"dir", "made", "kept"}
//	tenants add, tenants remove   {"name", "directory", "variables", "labels"}
//	tenants list                  {"tenants": […]}
//
// # Demonstrations
//
// A folder that was made with init -demo has fake tenants and a fake Entra, of packages
// graphtest and authtest. Every command serves them over TLS on a loopback address and
// uses them like the real services. The folder keeps their data between commands. A
// folder is for fakes or for real tenants, never for both.
package main
