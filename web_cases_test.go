package theriac_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"theriac"
	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/ledger/ledgertest"
)

// A specimen is evidence with the scene that it is of, whose validators can sign more.
type specimen struct {
	shown
	scene *scene
	name  string
	raw   []byte
	trust []byte
}

// A mutator makes questions of specimens.
type mutator struct {
	*rand.Rand
	t        *testing.T
	good     []specimen
	captured []*specimen // those of a captured pack with its one document
	foreign  [][]byte    // documents of other companies
}

// pick returns one of several.
func pick[T any](m *mutator, from []T) T { return from[m.IntN(len(from))] }

// collect gathers the golden cases, and evidence of packs of several stories until
// there are enough.
func (m *mutator) collect(enough int) {
	m.t.Helper()
	base := newScene(m.t)
	for _, g := range goldens() {
		s := base.fork(m.t)
		m.take(g.name, s, g.make(s))
	}
	m.foreign = foreignDocuments(m.t)
	for i := range m.good {
		if v := m.good[i].bundle.Verify(m.good[i].shown.trust, m.good[i].now); v.Verdict == theriac.Captured {
			p := m.good[i]
			m.captured = append(m.captured, &p)
		}
	}
	for story := 0; len(m.good) < enough; story++ {
		s := m.story()
		for range min(50, enough-len(m.good)) {
			i := m.Uint64N(uint64(len(s.Packs)))
			out := shown{s.show(i), s.trust(), s.now().Add(time.Duration(m.IntN(500)) * time.Second)}
			if absent := m.IntN(2 * len(s.validators)); len(s.validators) > 3 && absent < len(s.validators) {
				out.bundle.Chain[0] = s.validators.Sign(out.bundle.Chain[0].Header, absent)
			}
			m.take(fmt.Sprintf("story %d pack %d", story, i), s, out)
		}
	}
}

func (m *mutator) take(name string, s *scene, out shown) {
	m.t.Helper()
	trust, err := out.trust.Encode()
	if err != nil {
		m.t.Fatal(err)
	}
	m.good = append(m.good, specimen{out, s, name, encode(m.t, out.bundle), trust})
}

// story tells a story of its own: other keys, salts, sizes and hand-overs, and packs in
// several states.
func (m *mutator) story() *scene {
	m.t.Helper()
	s := &scene{World: ledgertest.NewWorld(m.t), t: m.t, validators: ledgertest.NewValidators(1 + m.IntN(7))}
	s.Develop()
	s.Approve()
	if m.IntN(5) == 0 {
		s.hops()
		return s
	}
	size := pick(m, []int{1, 7, 60, 300, 2500})
	lot := gs1.Lot(fmt.Sprintf("L%d", m.IntN(1e6)))
	var codes *coated
	if m.IntN(3) == 0 {
		codes = s.coat(lot, size)
	} else {
		s.Make(lot, size)
	}
	// Every hand-over begins at a pack that its sender still has.
	given := uint64(1 + m.IntN(size))
	s.Distribute(0, given)
	delivered := 1 + m.Uint64N(given)
	s.Deliver(0, delivered)
	if m.IntN(2) == 0 {
		m.measure(s, delivered)
	}
	for i := uint64(0); codes != nil && i < min(given, 20); i += 1 + m.Uint64N(3) {
		codes.redeem(s, pick(m, []*ledgertest.Org{s.Pharmacy, s.Hospital}), i)
	}
	if m.IntN(3) == 0 && given < uint64(size) {
		s.Distribute(given, uint64(size))
	}
	to := []chain.UnitState{chain.UnitDispensed, chain.UnitStolen, chain.UnitDestroyed, chain.UnitReturned}
	if m.IntN(2) == 0 {
		state := pick(m, to)
		s.Admit(s.Pharmacy.Tx(s.Now, chain.KindUnits, s.Show(chain.UnitActive, state, 0)))
		for range m.IntN(3) {
			if state == chain.UnitDispensed {
				s.late(pick(m, []*ledgertest.Org{s.Hospital, s.Pharmacy}), 0)
			}
		}
	}
	if m.IntN(3) == 0 {
		s.renew(pick(m, []*ledgertest.Org{s.DM, s.DD, s.MS, s.Pharmacy}))
	}
	return s
}

// questions asks of each specimen as it is, and of so many changed ones.
func (m *mutator) questions(changed int) iter.Seq[question] {
	return func(yield func(question) bool) {
		for i := range m.good {
			p := &m.good[i]
			if !yield(question{Bundle: p.raw, Trust: p.trust, Now: p.now.UnixMilli(), what: p.name}) {
				return
			}
		}
		some := changes
		if only := os.Getenv("THERIAC_CHANGE"); only != "" {
			some = slices.DeleteFunc(slices.Clone(changes), func(c change) bool { return c.name != only })
		}
		for n := range changed {
			p := &m.good[m.IntN(len(m.good))]
			change := some[n%len(some)]
			q := question{Bundle: p.raw, Trust: p.trust, Now: p.now.UnixMilli()}
			change.do(m, p, &q)
			q.what = fmt.Sprintf("case %d: %s of %s", n, change.name, p.name)
			if !yield(q) {
				return
			}
		}
	}
}

// A change makes another question of a specimen's.
type change struct {
	name string
	do   func(m *mutator, p *specimen, q *question)
}

var changes = []change{
	{"a byte", (*mutator).changeByte},
	{"a character", func(m *mutator, p *specimen, q *question) { q.Bundle = altered(p.raw, m.IntN(len(p.raw))) }},
	{"a member", (*mutator).changeMember},
	{"two members", func(m *mutator, p *specimen, q *question) {
		m.changeMember(p, q)
		m.changeMember(&specimen{raw: q.Bundle}, q)
	}},
	{"a spelling", (*mutator).changeSpelling},
	{"signatures", (*mutator).changeSignature},
	{"a record", (*mutator).changeRecord},
	{"an alert", (*mutator).changeAlert},
	{"a measurement", (*mutator).changeMeasured},
	{"a header", (*mutator).changeHeader},
	{"a message", (*mutator).changeMessage},
	{"a document", (*mutator).changeDocument},
	{"a label", (*mutator).changeLabel},
	{"a trust root", (*mutator).changeTrust},
	{"a clock", func(m *mutator, p *specimen, q *question) {
		q.Now = pick(m, []int64{0, -62135596800000, -1e14, 8e15, p.now.UnixMilli() + m.Int64N(2e6) - 1e6, p.now.UnixMilli() + m.Int64N(4e11) - 2e11})
	}},
}

// changeByte changes, drops, doubles or inserts bytes.
func (m *mutator) changeByte(p *specimen, q *question) {
	i := m.IntN(len(p.raw))
	raw := append([]byte{}, p.raw[:i]...)
	switch m.IntN(4) {
	case 0:
		raw = append(append(raw, byte(m.IntN(256))), p.raw[i+1:]...)
	case 1:
		raw = append(raw, p.raw[i+1:]...)
	case 2:
		raw = append(append(raw, p.raw[i]), p.raw[i:]...)
	default:
		raw = append(append(raw, byte(m.IntN(256))), p.raw[i:]...)
	}
	q.Bundle = raw
}

// changeLabel asks for the pack by a label, right or wrong.
func (m *mutator) changeLabel(p *specimen, q *question) {
	k := &p.bundle.Pack.Pack
	q.Label = &label{GTIN: string(k.GTIN), Serial: string(k.Serial), Lot: string(k.Lot), Expiry: k.Expiry}
	other := pick(m, m.good).bundle.Pack.Pack
	switch m.IntN(9) {
	case 0:
		q.Label.GTIN = string(other.GTIN)
	case 1:
		q.Label.Serial = string(other.Serial)
	case 2:
		q.Label.Lot = string(other.Lot)
	case 3:
		q.Label.Lot, q.Label.Expiry = "", ""
	case 4:
		q.Label.Expiry = k.Expiry[:min(7, len(k.Expiry))]
	case 5:
		q.Label.Expiry = pick(m, []string{"2029-02", "2029-03-30", "2029-02-30", "0000-03-31", "x", "2029-3", "2029-13"})
	case 6:
		*q.Label = label{}
	case 7:
		q.Label.GTIN = ""
	}
}

// changeTrust pins something else.
func (m *mutator) changeTrust(p *specimen, q *question) {
	other := pick(m, m.good)
	t := p.shown.trust
	switch m.IntN(8) {
	case 0:
		q.Trust = other.trust
		return
	case 1:
		q.Trust = m.respell(p.trust)
		return
	case 2, 3:
		q.Trust = m.member(p.trust)
		return
	case 4:
		t.ChainID += "x"
	case 5:
		if len(p.bundle.Chain) > 0 {
			t.Height = p.bundle.Chain[0].Header.Height
		}
	case 6:
		t.MaxAge = pick(m, []theriac.Trust{{MaxAge: 1}, {MaxAge: 9223372036}, {MaxAge: 9223372037}, {MaxAge: 1<<53 - 1}}).MaxAge
	case 7:
		t.Validators = t.Validators[:m.IntN(len(t.Validators))+1]
	}
	raw, err := t.Encode()
	if err != nil {
		m.t.Fatal(err)
	}
	q.Trust = raw
}
