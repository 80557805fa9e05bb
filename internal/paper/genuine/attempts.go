package genuine

import (
	"fmt"
	"math/rand/v2"
)

// A lab makes pieces and transactions.
type lab struct {
	random *rand.Rand
	serial int
}

// legitimate makes a piece in range.
func (l *lab) legitimate() piece {
	return piece{1 + 0.004*l.random.NormFloat64(), newPUF(l.random)}
}

// counterfeit makes a piece out of range. Its PUF is no copy: that is what a PUF is.
func (l *lab) counterfeit() piece {
	return piece{1.1 + 0.01*l.random.NormFloat64(), newPUF(l.random)}
}

// transaction makes U for a new serial number.
func (l *lab) transaction() Info {
	l.serial++
	return l.next(Info{ID: ID{"7612345", fmt.Sprintf("SN%08d", l.serial)}, Temperature: "5.0", Verifications: -1})
}

// next makes U for the next transaction of the same product.
func (l *lab) next(u Info) Info {
	u.Verifications++
	u.Random = randomText(l.random)
	return u
}

// shipped ships a legitimate piece under a new U.
func (l *lab) shipped(m method) (parcel, Info) {
	u := l.transaction()
	p := parcel{l.legitimate(), u.ID}
	m.ship(p, u)
	return p, u
}

// identify is check and settle by one end user.
func identify(m method, u Info, out []byte) error {
	if err := m.check(u, out); err != nil {
		return err
	}
	m.settle(u)
	return nil
}

// An attempt is an attack or question of a column of Table 1. named is true if section
// 2.2, 4.1 or 4.2 argues by it. run returns how many of n tries the method let pass, and
// of how many: none, if there is nothing to attack in this method.
type attempt struct {
	column Column
	what   string
	named  bool
	run    func(l *lab, m method, n int) (passed, tried int)
}

// each is n independent tries; nil is a pass.
func each(try func(*lab, method) error) func(*lab, method, int) (int, int) {
	return func(l *lab, m method, n int) (passed, tried int) {
		for range n {
			if try(l, m) == nil {
				passed++
			}
		}
		return passed, n
	}
}

// onProposed is n tries that only the paper's own devices offer a place for.
func onProposed(try func(*lab, *proposed) error) func(*lab, method, int) (int, int) {
	return func(l *lab, m method, n int) (passed, tried int) {
		p, ok := m.(*proposed)
		if !ok {
			return 0, 0
		}
		return each(func(l *lab, _ method) error { return try(l, p) })(l, m, n)
	}
}

var attempts = []attempt{
	{Exact, "another legitimate piece in its place", true, each(exchanged((*lab).legitimate))},
	{Exact, "a counterfeit in its place, label kept", true, each(exchanged((*lab).counterfeit))},
	{Exact, "another legitimate piece, device outputs what it read of the shipped one", false, each(forgedStored)},

	{Legitimate, "content replaced by a counterfeit, label kept", true, each(exchanged((*lab).counterfeit))},
	{Legitimate, "label and public data copied on many counterfeits", true, copies},
	{Legitimate, "counterfeit, device outputs a stored good answer", true, each(forgedStored)},
	{Legitimate, "counterfeit, device measures a retained legitimate sample", false, each(retainedSample)},
	{Legitimate, "supplier ships an illegitimate piece", false, each(illegitimateAtBothEnds)},
	{Legitimate, "counterfeit, U2 entered shifted by J_ok ⊕ J_bad", false, onProposed(shifted)},
	{Legitimate, "counterfeit, a stranger registers V of a key of his own", false, onProposed(squatted)},

	{Distinction, "answer of A→B used again for B→C", true, each(replayed)},
	{Distinction, "identified twice, one after the other", true, each(twice)},
	{Distinction, "identified by another than the consignee", true, each(diverted)},
	{Distinction, "identified twice, both acquire before either registers", false, each(interleaved)},
	{Distinction, "deliverer registers the number of verifications plus one, and sells again", false, onProposed(counted)},
}

// exchanged puts another piece into the parcel; the device is honest.
func exchanged(other func(*lab) piece) func(*lab, method) error {
	return func(l *lab, m method) error {
		p, u := l.shipped(m)
		p.piece = other(l)
		return identify(m, u, m.read(p, u))
	}
}

// copies puts what is public of one shipped piece on n counterfeits.
func copies(l *lab, m method, n int) (passed, tried int) {
	_, u := l.shipped(m)
	return each(func(l *lab, m method) error {
		return identify(m, u, m.read(parcel{l.counterfeit(), u.ID}, u))
	})(l, m, n)
}

// forgedStored is 4.1.1: the deliverer measured the shipped piece while he had it, with
// all of U but its random part, and his device outputs that, whatever lies on it.
func forgedStored(l *lab, m method) error {
	p, u := l.shipped(m)
	without := u
	without.Random = ""
	return identify(m, u, m.read(p, without))
}

// retainedSample has a forged device pass what the user enters to an honest one, on
// which a legitimate piece lies that the deliverer keeps for the purpose.
func retainedSample(l *lab, m method) error {
	_, u := l.shipped(m)
	kept := parcel{l.legitimate(), u.ID}
	return identify(m, u, m.read(kept, u))
}

func illegitimateAtBothEnds(l *lab, m method) error {
	u := l.transaction()
	p := parcel{l.counterfeit(), u.ID}
	m.ship(p, u)
	return identify(m, u, m.read(p, u))
}

func shifted(l *lab, m *proposed) error {
	p, u := l.shipped(m)
	p.piece = l.counterfeit()
	return identify(m, u, m.readAs(p, u, Shift(u.Value(), m.verification.J)))
}

func squatted(l *lab, m *proposed) error {
	_, u := l.shipped(m)
	own := Key([]byte(randomText(l.random) + randomText(l.random)))
	m.identification.Chain.Register(u.ID, DigestOf(own))
	return identify(m, u, own[:])
}

// replayed is the piece that went from A to B and now goes from B to C.
func replayed(l *lab, m method) error {
	p, u := l.shipped(m)
	stored := m.read(p, u)
	if err := identify(m, u, stored); err != nil {
		return err
	}
	hop := l.next(u)
	m.ship(p, hop)
	return identify(m, hop, stored)
}

func twice(l *lab, m method) error {
	p, u := l.shipped(m)
	out := m.read(p, u)
	if err := identify(m, u, out); err != nil {
		return err
	}
	return identify(m, u, out)
}

// diverted has the consignee hand U and piece on instead of identifying it. No method
// asks who identifies, or where.
func diverted(l *lab, m method) error {
	p, u := l.shipped(m)
	return identify(m, u, m.read(p, u))
}

func interleaved(l *lab, m method) error {
	p, u := l.shipped(m)
	out := m.read(p, u)
	if err := m.check(u, out); err != nil {
		return err
	}
	if err := m.check(u, out); err != nil {
		return err
	}
	m.settle(u)
	m.settle(u)
	return nil
}

// counted needs U, which was entered into the deliverer's device, and V, which that
// device makes of any legitimate piece.
func counted(l *lab, m *proposed) error {
	p, u := l.shipped(m)
	if err := identify(m, u, m.read(p, u)); err != nil {
		return err
	}
	u.Verifications++
	mine := parcel{l.legitimate(), u.ID}
	m.identification.Chain.Register(u.ID, DigestOf(Key(m.read(mine, u))))
	return identify(m, u, m.read(mine, u))
}
