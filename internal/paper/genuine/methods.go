package genuine

import (
	"encoding/binary"
	"math/rand/v2"
	"strings"
)

// A piece is a thing of a product: one feature to judge it by, and a PUF, which the
// paper's PUF method wants it to have.
type piece struct {
	feature float64
	puf     puf
}

// A parcel is a piece with the label that is on it.
type parcel struct {
	piece
	label ID
}

// A method is a row of Table 1. A transaction is known by its U, of which methods take
// what they use.
type method interface {
	// ship is what the supplier does.
	ship(p parcel, u Info)
	// read is what the deliverer's device outputs, for a transaction, if it is honest.
	read(p parcel, u Info) []byte
	// check is what the end user does with the output, whichever user it is.
	check(u Info, output []byte) error
	// settle is what the end user writes when the check went well.
	settle(u Info)
	// cost is what has been kept, sent and hashed for one transaction.
	cost(u Info) Cost
}

// An instrument is a balance of which reading and value differ by about a milligram.
func instrument(random *rand.Rand) func(Signal) Signal {
	return func(p Signal) Signal { return Signal{p[0] + instrumentNoise*random.NormFloat64()} }
}

// Grams.
const (
	instrumentNoise = 0.001
	legitimateLow   = 0.980
	legitimateHigh  = 1.020
)

func ranges() []Range { return []Range{{legitimateLow, legitimateHigh}} }

// A tag is an identifier that is printed or programmed: barcode, RFID.
type tag struct{ registered map[ID]bool }

func newTag(*rand.Rand) method { return tag{map[ID]bool{}} }

func (m tag) ship(_ parcel, u Info)        { m.registered[u.ID] = true }
func (m tag) read(p parcel, _ Info) []byte { return []byte(p.label.String()) }
func (m tag) settle(Info)                  {}
func (m tag) check(u Info, out []byte) error {
	if string(out) != u.ID.String() {
		return ErrMismatch
	}
	if !m.registered[u.ID] {
		return ErrUnknown
	}
	return nil
}

func (m tag) cost(u Info) Cost {
	return Cost{Device: len(u.ID.String()), Ledger: len(u.ID.String())}
}

// String returns the pair as it is written on a label.
func (id ID) String() string { return id.Manufacturer + id.Serial }

// A material is normal judgment with a fixed value for legitimate (2.2).
type material struct{ device *Device }

func newMaterial(random *rand.Rand) method {
	return material{&Device{Ranges: ranges(), J: fixed(random), Instrument: instrument(random)}}
}

func (m material) ship(parcel, Info) {}
func (m material) read(p parcel, _ Info) []byte {
	j := m.device.Judge(m.device.Measure(Signal{p.feature}))
	return j[:]
}
func (m material) settle(Info) {}
func (m material) check(_ Info, out []byte) error {
	if string(out) != string(m.device.J.OK[:]) {
		return ErrMismatch
	}
	return nil
}

func (m material) cost(Info) Cost {
	return Cost{Device: binary.Size(m.device.Ranges) + binary.Size(m.device.J)}
}

// A pufMethod reads the PUF, corrects it, and compares with what the supplier
// registered, which is the same in all transactions.
type pufMethod struct {
	random   *rand.Rand
	x        *extractor
	enrolled map[ID]enrolment
	hashes   int
}

type enrolment struct {
	helper helper
	v      Digest
}

func newPUFMethod(random *rand.Rand) method {
	return &pufMethod{random: random, x: newExtractor(), enrolled: map[ID]enrolment{}}
}

func (m *pufMethod) ship(p parcel, u Info) {
	if _, ok := m.enrolled[u.ID]; ok {
		return // the next hop uses the same response
	}
	key, h := m.x.generate(p.puf.read(m.random), m.random)
	m.hashes++
	m.enrolled[u.ID] = enrolment{h, DigestOf(key)}
}

func (m *pufMethod) read(p parcel, u Info) []byte {
	key := m.x.reproduce(p.puf.read(m.random), m.enrolled[u.ID].helper)
	return key[:]
}
func (m *pufMethod) settle(Info) {}
func (m *pufMethod) check(u Info, out []byte) error {
	e, ok := m.enrolled[u.ID]
	if !ok {
		return ErrUnknown
	}
	m.hashes++
	if DigestOf(Key(out)) != e.v {
		return ErrMismatch
	}
	return nil
}

func (m *pufMethod) cost(u Info) Cost {
	e := m.enrolled[u.ID]
	return Cost{Ledger: len(u.ID.String()) + e.helper.bytes() + len(e.v), Hashes: m.hashes + m.x.hashes}
}

// A proposed is the paper's method, by its three devices.
type proposed struct {
	registration   *Registration
	verification   *Verification
	identification *Identification
}

func newProposed(random *rand.Rand) method {
	chain := NewChain()
	d := Device{Ranges: ranges(), J: fixed(random), Instrument: instrument(random)}
	return &proposed{&Registration{d, chain}, &Verification{d, chain}, &Identification{Chain: chain}}
}

func (m *proposed) ship(p parcel, u Info) { m.registration.Register(Signal{p.feature}, u) }

func (m *proposed) read(p parcel, u Info) []byte { return m.readAs(p, u, u.Value()) }

// readAs is read with another value entered for U2.
func (m *proposed) readAs(p parcel, u Info, entered Value) []byte {
	key2 := m.verification.Verify(Signal{p.feature}, u.ID, entered)
	return key2[:]
}

func (m *proposed) check(u Info, out []byte) error {
	a, err := m.identification.Acquire(u.ID, Key(out))
	if err != nil {
		return err
	}
	return m.identification.Verify(a)
}
func (m *proposed) settle(u Info) { m.identification.Register(Acquired{ID: u.ID}) }

func (m *proposed) cost(u Info) Cost {
	e, _ := m.identification.Chain.Entry(u.ID)
	d := m.registration.Device
	return Cost{
		Device:  binary.Size(d.Ranges) + binary.Size(d.J),
		Ledger:  len(u.ID.String()) + binary.Size(e),
		Channel: len(u.join(nil)),
		Hashes:  d.Hashes + m.verification.Hashes + m.identification.Hashes,
	}
}

// fixed draws the two values that are then fixed.
func fixed(random *rand.Rand) Judgment {
	var j Judgment
	for i := range j.OK {
		j.OK[i], j.Bad[i] = byte(random.Uint32()), byte(random.Uint32())
	}
	return j
}

// randomText returns 128 random bits as text.
func randomText(random *rand.Rand) string {
	var out strings.Builder
	for range 16 {
		out.WriteByte(byte(random.Uint32()))
	}
	return out.String()
}
