package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"

	msalerrors "github.com/AzureAD/microsoft-authentication-library-for-go/apps/errors"

	"github.com/tenantsync/tenantsync/auth"
)

// waiting is the class of answers to a poll while the person is not done yet.
// It never leaves this package.
const waiting auth.Class = "waiting"

// codes maps the "error" of an answer, as OAuth and Entra define it.
var codes = map[string]auth.Class{
	"authorization_pending":   waiting,
	"slow_down":               waiting,
	"authorization_declined":  auth.Declined, // Entra
	"access_denied":           auth.Declined, // RFC 8628
	"expired_token":           auth.CodeExpired,
	"code_expired":            auth.CodeExpired,
	"invalid_grant":           auth.SignInNeeded,
	"interaction_required":    auth.SignInNeeded,
	"login_required":          auth.SignInNeeded,
	"consent_required":        auth.ConsentNeeded,
	"unauthorized_client":     auth.Misconfigured,
	"invalid_client":          auth.Misconfigured,
	"invalid_scope":           auth.Misconfigured,
	"invalid_resource":        auth.Misconfigured,
	"invalid_tenant":          auth.Misconfigured,
	"temporarily_unavailable": auth.Transient,
	"server_error":            auth.Transient,
}

// final are the codes that mean what they say whatever the number: the
// device code grant's own.
var final = map[string]bool{
	"authorization_pending":  true,
	"slow_down":              true,
	"authorization_declined": true,
	"expired_token":          true,
}

// subcodes maps the "suberror".
var subcodes = map[string]auth.Class{
	"consent_required": auth.ConsentNeeded,
}

// numbers maps AADSTS numbers, which tell apart what "invalid_grant" and other
// general codes lump together. Microsoft may change them, so an unknown one
// falls back on the code.
var numbers = map[int]auth.Class{
	70016: waiting,

	65004: auth.Declined,

	70019: auth.CodeExpired,

	700082: auth.SignInNeeded, // refresh token not used for too long
	70008:  auth.SignInNeeded, // refresh token expired
	70043:  auth.SignInNeeded, // sign-in frequency
	50173:  auth.SignInNeeded, // revoked
	50132:  auth.SignInNeeded, // password or session changed
	50133:  auth.SignInNeeded, // password changed
	50078:  auth.SignInNeeded, // second factor expired
	50089:  auth.SignInNeeded, // flow token expired
	50076:  auth.SignInNeeded, // second factor needed
	50079:  auth.SignInNeeded, // second factor must be registered
	50072:  auth.SignInNeeded, // second factor must be registered
	50074:  auth.SignInNeeded, // strong authentication needed
	50158:  auth.SignInNeeded, // external challenge

	65001:  auth.ConsentNeeded,
	650056: auth.ConsentNeeded,
	650057: auth.ConsentNeeded,

	53003:  auth.Blocked, // Conditional Access
	53000:  auth.Blocked, // device not compliant
	53001:  auth.Blocked, // device not joined
	530035: auth.Blocked, // security defaults
	530034: auth.Blocked, // delegated administrator blocked
	500212: auth.Blocked, // outbound cross-tenant policy
	500213: auth.Blocked, // inbound cross-tenant policy

	70011:  auth.Misconfigured, // scope
	500011: auth.Misconfigured, // resource not in the tenant
	50020:  auth.Misconfigured, // account is not in the tenant
	50034:  auth.Misconfigured, // account does not exist
	650052: auth.Misconfigured, // service not in the tenant
	50194:  auth.Misconfigured, // single-tenant app

	50033: auth.Transient,
	50087: auth.Transient,
}

// advice says, per class, what happened and what to do next.
var advice = map[auth.Class]string{
	auth.SignInNeeded:  "nobody is signed in, or not for this any more; a person has to sign in",
	auth.Declined:      "the person declined to sign in or to consent; begin again when they are ready",
	auth.CodeExpired:   "nobody used the code while it was good; begin again for a new one",
	auth.ConsentNeeded: "a permission is not granted; an administrator of the tenant has to consent to the application",
	auth.Blocked:       "a policy of the tenant forbids this sign-in (Conditional Access may block device codes, or ask for a managed device); an administrator has to exclude the account or the application, trying again is useless",
	auth.Misconfigured: "the application, its scopes or the account do not fit the tenant; check the client id, that the app registration allows public client flows, and that the account exists in the tenant",
	auth.Transient:     "the token server could not be reached or is out of order; try again later",
	auth.Failed:        "the token server refused for a reason that is not known here; the code tells more at https://login.microsoftonline.com/error",
}

// classify returns the class of an answer: by its number where it is known,
// then by its suberror, its code, and its HTTP status.
func classify(e *serverError) auth.Class {
	if final[e.code] {
		return codes[e.code]
	}
	if class, ok := numbers[e.number]; ok {
		return class
	}
	if class, ok := subcodes[e.sub]; ok {
		return class
	}
	if class, ok := codes[e.code]; ok {
		return class
	}
	// Without a code of the protocol it was not the token server that answered
	// but something on the way to it, which may pass.
	if e.status >= 500 || e.status == 429 || e.status == 408 || (e.code == "" && e.status < 400) {
		return auth.Transient
	}
	return auth.Failed
}

// fail returns the error that a caller sees: ctx's own if it has ended, else an
// *auth.Error. Nothing of MSAL's text goes into it, since it may hold tokens.
func fail(ctx context.Context, req auth.Request, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("sign-in for %s: %w", req.Tenant, ctx.Err())
	}
	if _, ok := errors.AsType[*auth.Error](err); ok {
		return err
	}
	e := &auth.Error{Tenant: req.Tenant, SignIn: req.SignIn}
	if server, ok := errors.AsType[*serverError](err); ok {
		e.Class, e.Code, e.CorrelationID, e.Err = classify(server), server.name(), server.correlation, server
	} else if network, ok := errors.AsType[*networkError](err); ok {
		e.Class, e.Err = auth.Transient, network
	} else {
		e.Class, e.Err = classifyMSAL(err)
	}
	e.Message = advice[e.Class]
	return e
}

// classifyMSAL returns the class of an error that MSAL made by itself. Most of
// them have no type; their texts are those of MSAL 1.10, and a test holds
// them against the real thing.
func classifyMSAL(err error) (auth.Class, error) {
	text := err.Error()
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return auth.Transient, errors.New("no answer in time")
	case strings.Contains(text, "no token found"):
		return auth.SignInNeeded, nil
	case strings.Contains(text, "declined scopes are present"):
		return auth.ConsentNeeded, errors.New("the server left out scopes that were asked for")
	case strings.Contains(text, "does not match authority"):
		return auth.Misconfigured, errors.New("the issuer in the server's openid-configuration is not of the authority's host")
	}
	if _, ok := errors.AsType[msalerrors.InvalidJsonErr](err); ok {
		return auth.Transient, errors.New("the answer was not one of a token server; is there a proxy in between?")
	}
	return auth.Failed, errors.New("the token server's answer was not understood")
}
