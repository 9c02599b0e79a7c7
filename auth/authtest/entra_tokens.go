package authtest

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// deviceCode is a code that was shown.
type deviceCode struct {
	user      string // the code that the person enters
	directory string // of the authority; may be a shared one
	shown     time.Time
	person    Person
	redeemed  bool
}

// deviceCode answers the request for a code.
func (e *Entra) deviceCode(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.checkClient(r) != nil {
		refuse(w, UnknownClient)
		return
	}
	if refusal := e.takeRefusal(DeviceCodeEndpoint); refusal != nil {
		refuse(w, *refusal)
		return
	}
	e.shown++
	code := e.secret("device-code")
	userCode := fmt.Sprintf("CODE-%d", e.shown)
	e.codes[code] = &deviceCode{user: userCode, directory: r.PathValue("directory"), shown: time.Now(), person: e.people.next()}
	page := "https://" + r.Host + "/device"
	answer(w, http.StatusOK, map[string]any{
		"user_code":        userCode,
		"device_code":      code,
		"verification_uri": page,
		"expires_in":       int(e.cfg.CodeLifetime / time.Second),
		"interval":         int(e.cfg.Interval / time.Second),
		"message":          "To sign in, open " + page + " and enter the code " + userCode + ".",
	})
}

// token answers the request for tokens.
func (e *Entra) token(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.checkClient(r) != nil {
		refuse(w, UnknownClient)
		return
	}
	var g *grant
	var directory string
	var refusal *OAuthError
	switch r.PostForm.Get("grant_type") {
	case "device_code", "urn:ietf:params:oauth:grant-type:device_code":
		g, directory, refusal = e.redeemCode(r.PostForm.Get("device_code"))
	case "client_credentials":
		e.issueApplication(w, r)
		return
	case "refresh_token":
		g, directory, refusal = e.redeemRefreshToken(r.PostForm.Get("refresh_token"), r.PathValue("directory"))
	default:
		refusal = &OAuthError{Error: "unsupported_grant_type", Code: 70003}
	}
	if refusal != nil {
		refuse(w, *refusal)
		return
	}
	e.issue(w, r, g, directory)
}

// redeemCode looks at what the person has done with the code by now.
// The lock is held.
func (e *Entra) redeemCode(code string) (*grant, string, *OAuthError) {
	c, ok := e.codes[code]
	if !ok || c.redeemed {
		return nil, "", &OAuthError{Error: "invalid_grant", Code: 70000}
	}
	now := time.Now()
	if e.slowDown > 0 {
		e.slowDown--
		return nil, "", &OAuthError{Error: "slow_down"}
	}
	// A person who comes when the code has expired finds it useless.
	ends := c.shown.Add(e.cfg.CodeLifetime)
	acts := c.shown.Add(c.person.After)
	switch {
	case c.person.Act == Ignore || now.Before(acts) || !acts.Before(ends):
		if !now.Before(ends) {
			return nil, "", &OAuthError{Error: "expired_token", Code: 70019}
		}
		return nil, "", &OAuthError{Error: "authorization_pending", Code: 70016}
	case c.person.Act == Refuse:
		return nil, "", &OAuthError{Error: "authorization_declined"}
	}
	if refusal := e.takeRefusal(TokenEndpoint); refusal != nil {
		return nil, "", refusal
	}
	c.redeemed = true
	directory := c.person.Directory
	if directory == "" && !isShared(c.directory) {
		directory = c.directory
	}
	if directory == "" {
		directory = cmp.Or(e.homes[c.person.User], e.cfg.Directory)
	}
	user := cmp.Or(c.person.User, "admin@"+directory)
	return &grant{user: user, home: cmp.Or(e.homes[user], directory)}, directory, nil
}

// redeemRefreshToken looks up a refresh token. The lock is held.
func (e *Entra) redeemRefreshToken(token, directory string) (*grant, string, *OAuthError) {
	g, ok := e.grants[token]
	if !ok {
		return nil, "", &OAuthError{Error: "invalid_grant", Code: 70000}
	}
	if refusal := e.takeRefusal(TokenEndpoint); refusal != nil {
		return nil, "", refusal
	}
	if g.current != token {
		g.revoked = true // spent: somebody has copied it
	}
	if g.revoked {
		return nil, "", &OAuthError{Error: "invalid_grant", SubError: "bad_token", Code: 50173}
	}
	if isShared(directory) {
		directory = g.home
	}
	return g, directory, nil
}

// issue answers with new tokens. The lock is held.
func (e *Entra) issue(w http.ResponseWriter, r *http.Request, g *grant, directory string) {
	id := e.identityOf(g, directory)
	now := time.Now()
	expires := now.Add(e.cfg.TokenLifetime)
	issuer := "https://" + r.Host + "/" + directory + "/v2.0"
	client := r.PostForm.Get("client_id")

	g.current = e.secret("refresh-token")
	e.grants[g.current] = g
	access := e.jwt(map[string]any{
		"aud": "https://graph.microsoft.com", "iss": issuer, "tid": id.Directory, "oid": id.ObjectID, "upn": id.Username,
		"appid": client, "scp": strings.Join(e.scopes, " "), "iat": now.Unix(), "exp": expires.Unix(),
	})
	e.access[access] = true
	body := map[string]any{
		"token_type":    "Bearer",
		"access_token":  access,
		"refresh_token": g.current,
		"expires_in":    int(e.cfg.TokenLifetime / time.Second),
		"scope":         strings.Join(e.granted(r.PostForm.Get("scope")), " "),
		"id_token": e.jwt(map[string]any{
			"aud": client, "iss": issuer, "tid": id.Directory, "oid": id.ObjectID, "sub": idOf("subject", g.user, client),
			"preferred_username": id.Username, "iat": now.Unix(), "exp": expires.Unix(),
		}),
	}
	info, _ := json.Marshal(map[string]string{"uid": id.ObjectID, "utid": id.HomeDirectory}) // strings always encode
	body["client_info"] = base64.RawURLEncoding.EncodeToString(info)
	if e.cfg.RefreshIn > 0 {
		body["refresh_in"] = int(e.cfg.RefreshIn / time.Second)
	}
	answer(w, http.StatusOK, body)
}

// issueApplication answers an application that works without a person: with an
// access token alone, whose roles are the permissions granted. The lock is held.
func (e *Entra) issueApplication(w http.ResponseWriter, r *http.Request) {
	number := 7000215
	if e.cfg.Application != nil {
		number = e.cfg.Application(r.PostForm.Get("client_secret"), r.PostForm.Get("client_assertion"))
	}
	if number == 0 && isShared(r.PathValue("directory")) {
		number = 50059 // no tenant is named
	}
	if number != 0 {
		refuse(w, OAuthError{Error: "invalid_client", Code: number, Status: http.StatusUnauthorized})
		return
	}
	if refusal := e.takeRefusal(TokenEndpoint); refusal != nil {
		refuse(w, *refusal)
		return
	}
	directory, client := r.PathValue("directory"), r.PostForm.Get("client_id")
	now := time.Now()
	access := e.jwt(map[string]any{
		"aud": "https://graph.microsoft.com", "iss": "https://" + r.Host + "/" + directory + "/v2.0", "tid": directory,
		"oid": idOf("service principal", client, directory), "appid": client, "roles": e.scopes, "iat": now.Unix(), "exp": now.Add(e.cfg.TokenLifetime).Unix(),
	})
	e.access[access] = true
	answer(w, http.StatusOK, map[string]any{"token_type": "Bearer", "access_token": access, "expires_in": int(e.cfg.TokenLifetime / time.Second)})
}

// granted returns the scopes of the answer: of those asked for, what is a
// default or granted. The lock is held.
func (e *Entra) granted(asked string) []string {
	scopes := strings.Fields(asked)
	return slices.DeleteFunc(scopes, func(s string) bool {
		name := s[strings.LastIndex(s, "/")+1:]
		return strings.Contains(s, "://") && name != ".default" && !slices.Contains(e.scopes, name)
	})
}

// jwt makes up a token in the form of a JWT, with a signature that nobody can
// check. The lock is held.
func (e *Entra) jwt(claims map[string]any) string {
	payload, _ := json.Marshal(claims) // texts and numbers always encode
	token := "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + base64.RawURLEncoding.EncodeToString(payload) + "." + rand.Text()
	e.secrets = append(e.secrets, token)
	return token
}

// secret makes up a secret and remembers it. The lock is held.
func (e *Entra) secret(kind string) string {
	s := "authtest-" + kind + "-" + rand.Text()
	e.secrets = append(e.secrets, s)
	return s
}

// expiryOf returns when an access token of the fake ends.
func expiryOf(token string) time.Time {
	var claims struct {
		Expires int64 `json:"exp"`
	}
	if parts := strings.Split(token, "."); len(parts) == 3 {
		payload, _ := base64.RawURLEncoding.DecodeString(parts[1]) // ours
		_ = json.Unmarshal(payload, &claims)
	}
	return time.Unix(claims.Expires, 0)
}
