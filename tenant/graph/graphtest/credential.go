package graphtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// Token makes up an access token of a person in a directory who has these
// permissions. It is not signed.
func Token(directory string, scopes ...string) string {
	return token(map[string]any{"tid": directory, "scp": strings.Join(scopes, " "), "oid": "person", "appid": "app"})
}

// ApplicationToken makes up an access token of an application that has these
// permissions.
func ApplicationToken(directory string, roles ...string) string {
	return token(map[string]any{"tid": directory, "roles": roles, "oid": "application", "appid": "app"})
}

func token(claims map[string]any) string {
	payload, _ := json.Marshal(claims) // texts always encode
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString(payload) + ".none"
}

// Static is a credential that always gives the same token.
func Static(token string) azcore.TokenCredential { return static(token) }

// Credential is a credential whose token permits everything that the catalogue
// needs, and that names no directory.
func Credential() azcore.TokenCredential { return static("anything") }

type static string

// GetToken returns the token.
func (s static) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(s), ExpiresOn: time.Now().Add(time.Hour)}, ctx.Err()
}
