// Package auth holds the contracts by which the engine gets credentials for
// tenants, and what every implementation needs: classes of errors, and token
// caches that are sealed before they are stored. It knows no token server;
// [github.com/tenantsync/tenantsync/auth/entra] signs people in to Microsoft
// Entra.
//
// # What a host plugs in
//
// An [Authenticator]. The engine first asks for a [Credential], silently. If
// the error has class [SignInNeeded], only a person can help: the engine calls
// Begin, shows the [Prompt], and calls Wait until the person has signed in or
// its own deadline passes. Then it asks for the credential again. One run may
// need several sign-ins, one after the other; [Error.SignIn] names each.
//
// A host that has its own credentials and never asks a person wraps them with
// [Static].
//
// # Errors
//
// Errors are *[Error] wherever the class is known; [ClassOf] finds the class in
// a wrapped error. What the classes call for:
//
//	sign_in_needed     begin a sign-in
//	declined           tell whoever started the run
//	code_expired       begin again: there will be a new code
//	consent_needed     an administrator grants the permission
//	blocked_by_policy  an administrator changes a policy; do not try again
//	wrong_tenant       the person uses another account
//	misconfigured      the host's operator corrects client id, scopes or keys
//	transient          try again later
//	failed             look the code up, or ask the server's support with the
//	                   correlation id
//
// A context that ends is not an [Error]: its own error is returned, wrapped.
// No error holds a token, a device code or a secret, and [Secret] does not
// print itself.
//
// # Token caches
//
// What lets a tenant be reached again without a person is a refresh token, and
// so a secret that outlives the process. It is kept in a [CacheStore], which the
// host supplies (a table of bytes and versions), sealed by a [Sealer]:
//
//   - AES-256-GCM, with the tenant and the sign-in as associated data: a cache
//     copied to another tenant's row does not open.
//   - A ring of keys. The first seals, all open.
//   - Keys are made with [GenerateKey] and written as [Key.Encode] does. Keep
//     them apart from the database that holds the caches, since whoever has
//     both is signed in as the tenants' administrators.
//
// To rotate keys, where several processes share a store:
//
//  1. Put the new key into every process's ring, behind the old one, so that
//     all can open what it will seal.
//  2. Then put it in front, everywhere. From now on each cache moves to it the
//     next time it is loaded or saved by auth/entra, which every sync does.
//  3. Call [Sealer.Reseal] for every tenant and sign-in, also for those that
//     are not synced any more. It is quick, and can be repeated; the ones that
//     it does not find sealed with an old key are left as they are.
//  4. When it has returned false or true, and no error, for all of them, drop
//     the old key. A cache that it sealed opens no more, old backups of the
//     store included, and asks for a new sign-in.
//
// Saves carry the version that was loaded. [ErrStaleCache] says that somebody
// else has saved since: load again and use what they stored, so that a spent
// refresh token is never put back. [MemoryCacheStore] is for tests and for
// hosts whose people may sign in anew after each restart.
//
// # Tests
//
// [github.com/tenantsync/tenantsync/auth/authtest] has kits for both contracts,
// an authenticator with scripted people, and a fake Entra.
package auth
