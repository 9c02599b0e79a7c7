package tenant_test

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestSaysSecret(t *testing.T) {
	for _, name := range []string{
		"password", "Password", "adDomainPassword", "PASSWORD", "wifi_password", "wifi-password", "userpassword", "passwordHash", "recoveryPasswords",
		"preSharedKey", "PreSharedKey", "WPAPreSharedKey", "pre_shared_key", "presharedkey", "sharedKey", "sharedSecret", "sharedKeys",
		"clientSecret", "clientsecret", "client_secret", "secretText", "secret", "secrets",
		"token", "tokenValue", "enrollmentToken", "accessToken", "refreshTokens", "accesstoken", "privateKey", "privatekey", "privateKeyPem", "apiKey", "apikey",
		"azureOperationalInsightsWorkspaceKey", "productKey", "recoveryKey", "pin", "userPIN", "unlockPin", "psk", "wifiPSK", "pwd", "passwd", "passcode", "devicePasscode",
		"passphrase", "pkcs12Value", "pfx", "pfxBlob", "credential", "kioskModeExitCode", "kiosk_exit_code", "signingKey", "SigningKeys",
	} {
		if !tenant.SaysSecret(name) {
			t.Errorf("%s says no secret", name)
		}
	}
	for _, name := range []string{
		"", "displayName", "key", "keys", "keyId", "keyIds", "tokenEncryptionKeyId", "secretReferenceValueId", "vppTokenId", "vppTokenAppleId", "secretId", "secretIds",
		"passwordRequired", "requirePassword", "passwordMinimumLength", "passwordExpirationDays", "minimumPasswordAge", "passwordRequiredType", "passwordPolicies", "isKioskModeExitCodeSet",
		"preSharedKeyIsSet", "hasPassword", "passwordChangeUrl", "passwordResetUri", "customForgotMyPasswordText", "passwordRequirementsDescription", "tokenName",
		"tokenExpirationDateTime", "enrollmentTokenUsageCount", "exitCode", "returnCode", "returnCodes", "successCode", "publicKey", "keyPath", "keySize", "keyword",
		"safariPasswordAutoFillDomains", "preferredTokenSigningKeyThumbprint", "fileVaultInstitutionalRecoveryKeyCertificate",
		"pinned", "spin", "shipping", "mapping", "ping", "keyboard", "monkey", "credentialType", "passwordHint", "accessPackage", "tokenize", "passkey",
		"kiosk_" + strings.Repeat("a_", 22) + "exit", "kiosk_" + strings.Repeat("a_", 22) + "exit_code", // as many words as are looked at
	} {
		if tenant.SaysSecret(name) {
			t.Errorf("%s says secret", name)
		}
	}
}

// Each word of a secret gets through the first, quick look.
func TestSaysSecretIsNotTooQuick(t *testing.T) {
	for _, root := range []string{"credential", "passcode", "passphrase", "passwd", "password", "pfx", "pin", "pkcs12", "psk", "pwd", "secret", "token",
		"accessKey", "apiKey", "kioskExitCode", "privatekey"} {
		if !tenant.SaysSecret(root) {
			t.Errorf("%s says no secret", root)
		}
	}
}

func BenchmarkSaysSecret(b *testing.B) {
	names := []string{"displayName", "deviceAndAppManagementAssignmentFilterId", "roleScopeTagIds", "passwordRequired", "wifiSecurityType", "description"}
	for b.Loop() {
		for _, name := range names {
			tenant.SaysSecret(name)
		}
	}
}
