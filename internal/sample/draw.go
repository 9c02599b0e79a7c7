package sample

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"time"
)

// draw is a source of pseudorandom decisions about one object.
type draw struct{ *rand.Rand }

// newDraw returns the source for the object of this number and subject. It does
// not depend on the draws for other objects, so one object can be generated
// again without the others.
func newDraw(subject string, number int) draw {
	var key [32]byte
	copy(key[:16], subject)
	binary.LittleEndian.PutUint64(key[16:], Seed)
	binary.LittleEndian.PutUint64(key[24:], uint64(number))
	return draw{rand.New(rand.NewChaCha8(key))}
}

// of returns one of the choices.
func (d draw) of(choices ...string) string { return choices[d.IntN(len(choices))] }

// chance is true in this percentage of cases.
func (d draw) chance(percent int) bool { return d.IntN(100) < percent }

// guid returns an id in the form of Microsoft's.
func (d draw) guid() string {
	var raw [16]byte
	binary.LittleEndian.PutUint64(raw[:8], d.Uint64())
	binary.LittleEndian.PutUint64(raw[8:], d.Uint64())
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80 // version 4
	text := hex.EncodeToString(raw[:])
	return text[:8] + "-" + text[8:12] + "-" + text[12:16] + "-" + text[16:20] + "-" + text[20:]
}

// moment returns a time of the given year, as Graph writes it.
func (d draw) moment(year int) string {
	start := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	return start.Add(time.Duration(d.Int64N(int64(364 * 24 * time.Hour)))).Format("2006-01-02T15:04:05.0000000Z")
}
