// Package tcm is a [tenant.Client] that reads configuration of Exchange, Teams, Defender
// for Office 365 and Purview through the snapshots of Tenant Configuration Management, an
// API of Microsoft Graph. It is for backup, drift and reports: it writes nothing, and a
// plan shows each difference as unsupported, with the reason.
//
// A host turns it on by joining it to the client of the other kinds:
//
//	snapshots, err := tcm.New(tcm.Config{Credential: credential})
//	...
//	client := tenant.Join(graphClient, snapshots)
//
// # What it needs
//
// The app registration needs ConfigurationMonitoring.ReadWrite.All, because to take a
// snapshot is a write. Without it the kinds are out of scope. The service reads
// the tenant as a service principal of Microsoft's, which an administrator adds to the
// tenant, with a role or a permission for each workload:
// https://learn.microsoft.com/graph/utcm-authentication-setup. A kind that this principal
// may not read is forbidden, and the reason has the service's words.
//
// # One snapshot a week
//
// A tenant may extract 20,000 resources in a month, in all snapshots together, and see 12
// snapshot jobs. The service keeps a snapshot for 7 days. So the client takes a snapshot
// only if the last one is older than [Config.Every], and otherwise reads the last one
// again, which costs nothing. What it shows is up to that old: a change in the tenant
// shows a week later at the latest. To have a snapshot sooner, delete the job whose
// name begins with [Config.Name].
//
// Before it takes a snapshot, the client counts the resources of all snapshots that it
// can see, and refuses one that would exceed [Config.Monthly] or the service's limit.
// The service does not tell how much of a month is used up; snapshots of other tools
// count only while they are visible. Where 12 jobs are visible, the client deletes its
// own oldest ones, and never a job of others.
//
// # What a snapshot does not tell
//
// A snapshot that failed, or that succeeded in part, is never absence: the kinds that its
// errors are about are failed, partial or forbidden, and the backup keeps what it has of
// them. A resource has no id of its own. Its name is its id, so that a renamed one
// looks like one that was deleted and another one.
//
// Package tcmtest is a fake of the service, over HTTP.
package tcm
