package main

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/entra"
	"github.com/tenantsync/tenantsync/examples/internal/keep"
)

// The command line contains no secrets, because every process of the machine can read
// it. Nor does the file of settings, because people copy and commit it.
const (
	secretVariable = "TENANTSYNC_CLIENT_SECRET"
	keyVariable    = "TENANTSYNC_SEAL_KEY"
	keyFile        = "seal.key"
	hashVariable   = "TENANTSYNC_HASH_KEY"
	hashFile       = "hash.key"
)

// secretFile reads a file that only its owner may read.
func secretFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	// On Windows the mode does not show who may read the file.
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o077 != 0 {
		return "", fmt.Errorf("%s can be read by others (mode %04o): chmod 600 %s", path, mode, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if len(text) == 0 {
		return "", fmt.Errorf("%s is empty", path)
	}
	return string(text), nil
}

// sealer returns the sealer of the store's token caches. The keys are from the
// environment, or from the folder's file, which init makes. The first key seals, and
// all keys open.
func (a *app) sealer() (*auth.Sealer, error) {
	text, from, err := a.key(keyVariable, keyFile, "the key that seals token caches", "tenantsync init makes a new one; everybody then has to sign in again")
	if err != nil {
		return nil, err
	}
	var keys []auth.Key
	for _, each := range strings.Fields(text) {
		key, err := auth.ParseKey(each)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		keys = append(keys, key)
	}
	sealer, err := auth.NewSealer(keys...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return sealer, nil
}

// hashSecret returns the key for the hashes of secrets in plans. The key is from the
// environment, or from the folder's file, which init makes.
func (a *app) hashSecret() ([]byte, error) {
	text, from, err := a.key(hashVariable, hashFile, "the key of hashes of secrets", "tenantsync init makes a new one; plans with secrets that wait are stale then")
	if err != nil {
		return nil, err
	}
	key, err := auth.ParseKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	return key.Value, nil
}

// key returns the text of a key and its source, which is the environment or a file of
// the folder.
func (a *app) key(variable, file, what, next string) (text, from string, err error) {
	if text := a.getenv(variable); text != "" {
		return text, variable, nil
	}
	from = a.set.path(file)
	text, err = secretFile(from)
	if errors.Is(err, fs.ErrNotExist) {
		err = &failure{exit: exitUsage, err: fmt.Errorf("%s is neither in %s nor in %s", what, variable, from), next: next}
	}
	return text, from, err
}

// makeKey makes one of the folder's keys, unless its file exists.
func makeKey(dir *keep.Dir, file string) error {
	_, err := dir.Key(file, "cli")
	return err
}

// clientSecret returns the application's client secret.
func (a *app) clientSecret() (auth.Secret, error) {
	if text := a.getenv(secretVariable); text != "" {
		return auth.Secret(text), nil
	}
	path := a.set.path(a.set.text("client-secret-file"))
	text, err := secretFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", &failure{exit: exitUsage, err: fmt.Errorf("the client secret is neither in %s nor in %s", secretVariable, path),
			next: "write it into the file, with mode 0600"}
	}
	return auth.Secret(strings.TrimSpace(text)), err
}

// certificate reads certificate, chain and private key from a PEM file.
func (a *app) certificate() (chain []*x509.Certificate, key crypto.PrivateKey, err error) {
	path := a.set.path(a.set.text("certificate-file"))
	text, err := secretFile(path)
	if err != nil {
		return nil, nil, err
	}
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", path, err)
			}
			chain = append(chain, c)
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		}
		if err != nil {
			// The cause may contain parts of the file.
			return nil, nil, fmt.Errorf("%s: the private key cannot be read", path)
		}
	}
	if len(chain) == 0 || key == nil {
		return nil, nil, fmt.Errorf("%s must have a certificate and its private key, as PEM and not encrypted", path)
	}
	return chain, key, nil
}

// application returns the authenticator of an application that signs in without a
// person.
func (a *app) application(cfg entra.ApplicationConfig) (auth.Authenticator, error) {
	var err error
	switch a.set.text("sign-in") {
	case "secret":
		cfg.Secret, err = a.clientSecret()
	case "certificate":
		cfg.Certificate, cfg.Key, err = a.certificate()
	case "federated":
		path := a.set.text("federated-token-file")
		if path == "" {
			return nil, usageError("sign-in federated needs the setting federated-token-file")
		}
		path = a.set.path(path)
		// Read the file each time, because the platform renews the token.
		cfg.Assertion = func(context.Context) (string, error) {
			text, err := os.ReadFile(path)
			return strings.TrimSpace(string(text)), err
		}
	}
	if err != nil {
		return nil, err
	}
	return entra.NewApplication(cfg)
}
