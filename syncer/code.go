package syncer

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// Code is the short name of the plan that waits, or waited, in this row, for
// people to read out and to type: 16 characters in four groups, such as
// 7K3M-Q9ZT-84WX-0HVN; "" while there is no plan. Show it with the plan. Before a
// decision, compare the code that the person gives with the code of the row
// ([SameCode]). The decision itself names the run and the whole digest.
//
// The code is of this run's plan alone. The same proposal in another run has
// another code, so one that was written down before a run was superseded has to
// be read again. A beginning of the digest is no code: somebody
// who can write the configuration can make two plans whose digests begin alike.
func (r Row) Code() string { return planCode(r.Tenant, r.Run, r.Digest) }

// Code is [Row.Code] of the plan under review.
func (r Review) Code() string { return planCode(r.Tenant, r.Run, r.Plan.Digest) }

// SameCode reports whether a person has typed this code. It ignores case, blanks
// and hyphens, and reads the letters I, L and O as the digits that they look like.
// An empty code belongs to no plan.
func SameCode(typed, code string) bool { return code != "" && plainCode(typed) == plainCode(code) }

// crockford is Douglas Crockford's base 32, which leaves out the letters that
// look like digits.
var crockford = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

// codeBytes are 80 bits.
//
// A beginning of a plan's digest can be forged at leisure: who can write the
// configuration looks for two plans whose digests begin alike, a harmless one to
// be shown and one to be put in its place, and 80 bits of it would cost 2^40
// tries. So the code is of run and digest together. A run has one plan, hence
// the other plan is another run's, whose name the engine draws at random when it
// begins ([Config.NewRunID]): there is nothing to look for beforehand, and
// afterwards only one code to be met, which costs 2^80 tries.
const codeBytes = 10

// planCode makes the code of a run's plan. Each part is told from the next by
// its length.
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

// plainCode is a code without what makes no difference.
func plainCode(code string) string {
	return strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(code))
}
