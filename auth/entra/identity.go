package entra

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/public"

	"github.com/tenantsync/tenantsync/auth"
)

// identify says who signed in where.
func (a *Authenticator) identify(res public.AuthResult) auth.Identity {
	// MSAL's home account id is "object.directory", both of the account's home.
	_, home, _ := strings.Cut(res.Account.HomeAccountID, ".")
	return auth.Identity{
		Directory:     res.IDToken.TenantID,
		HomeDirectory: home,
		ObjectID:      res.IDToken.Oid,
		Username:      res.Account.PreferredUsername,
		Application:   a.cfg.ClientID,
	}
}

// check refuses a token that is for another directory than want (empty: any),
// and an account whose home directory is neither that of the token nor listed.
func (a *Authenticator) check(req auth.Request, want string, res public.AuthResult) error {
	id := a.identify(res)
	refuse := func(format string, args ...any) error {
		return &auth.Error{Class: auth.WrongTenant, Tenant: req.Tenant, SignIn: req.SignIn, Message: fmt.Sprintf(format, args...)}
	}
	if !isDirectoryID(id.Directory) {
		return refuse("the token does not say which directory it is for; use an account of a Microsoft Entra directory")
	}
	got := []string{id.Directory}
	if tid := claimsOf(res.AccessToken).Directory; tid != "" {
		got = append(got, tid)
	}
	for _, tid := range got {
		if want != "" && !strings.EqualFold(tid, want) {
			return refuse("signed in to directory %s, expected %s; sign in again with an account of the expected directory", tid, want)
		}
	}
	allowed := append([]string{id.Directory}, a.cfg.AllowedHomeDirectories...)
	if !slices.ContainsFunc(allowed, func(s string) bool { return strings.EqualFold(s, id.HomeDirectory) }) {
		return refuse("the account's home is directory %q, expected %s; sign in with an account of that directory, or, for a partner's account, list its home in AllowedHomeDirectories",
			id.HomeDirectory, id.Directory)
	}
	return nil
}

// tokenClaims are what is read of an access token.
type tokenClaims struct {
	Directory string   `json:"tid"`
	Scopes    string   `json:"scp"`
	Roles     []string `json:"roles"`
}

// claimsOf reads an access token. Its form is the resource's business, so one
// that is no JWT has no claims; nothing is trusted because of them.
func claimsOf(token string) tokenClaims {
	var c tokenClaims
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return c
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(payload, &c) != nil {
		return tokenClaims{}
	}
	return c
}

// grantedScopes returns the scopes and roles in the access token, or, where it
// cannot be read, those that the server named.
func grantedScopes(res public.AuthResult) []string {
	c := claimsOf(res.AccessToken)
	if granted := append(strings.Fields(c.Scopes), c.Roles...); len(granted) > 0 {
		return granted
	}
	return slices.Clone(res.GrantedScopes)
}
