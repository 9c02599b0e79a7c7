package syncer

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Code returns a short name of the run's plan, for people to read out and to type:
// 16 characters in four groups, such as 7K3M-Q9ZT-84WX-0HVN. It is empty for a run
// without a plan. Show it with the plan. Before a decision, compare the code that the
// person gives with the code of the row ([SameCode]). The decision itself names the
// run and the whole digest.
//
// Each run has its own code. The same proposal in another run has another code, so
// people read the code again after a run was superseded. Do not use the first
// characters of the digest as a code: somebody who can write the configuration can
// make two plans whose digests begin alike.
func (r Row) Code() string { return planCode(r.Tenant, r.Run, r.Digest) }

// Code returns the [Row.Code] of the plan under review.
func (r Review) Code() string { return planCode(r.Tenant, r.Run, r.Plan.Digest) }

// SameCode reports whether a person has typed this code. It ignores case, blanks
// and hyphens, and reads the letters I, L and O as the digits that they look like.
// An empty code belongs to no plan.
func SameCode(typed, code string) bool { return code != "" && plainCode(typed) == plainCode(code) }

// crockford is Douglas Crockford's base 32, which leaves out the letters that
// look like digits.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// codeBytes is the length of a code before it is encoded: 80 bits.
//
// The first 80 bits of the digest itself would be unsafe. An attacker who can write
// the configuration could search for two plans whose digests begin alike, a harmless
// one to show and one to put in its place. Such a pair takes 2^40 attempts. So the
// code is a hash of the run's name and the digest together. A run has one plan, so
// the attacker's second plan belongs to another run, and the engine draws the name of
// that run at random when it begins ([Config.NewRunID]). Before that there is nothing
// to search for. After it the attacker has to match one given code, which takes 2^80
// attempts.
const codeBytes = 10

// planCode makes the code of a run's plan. The length before each part keeps it apart
// from the next.
func planCode(tenantName, run, digest string) string {
	if digest == "" {
		return ""
	}
	h := sha256.New()
	for _, part := range []string{"tenantsync plan code", tenantName, run, digest} {
		_ = binary.Write(h, binary.BigEndian, uint64(len(part))) // a hash takes everything
		h.Write([]byte(part))
	}
	text := crockford.EncodeToString(h.Sum(nil)[:codeBytes])
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:]
}

// plainCode removes the differences that [SameCode] ignores.
func plainCode(code string) string {
	return strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(code))
}
